// The X-ray: one component, its parts in the order in which they stand.
import { asker } from '../channel.js';
import { paint } from '../colour.js';
import { set } from '../store.js';
import * as bar from './bar.js';
import * as cost from './cost.js';
import * as film from './film.js';
import * as inspector from './inspector.js';
import * as lab from './lab.js';
import * as maps from './maps.js';
import * as story from './story.js';
import * as take from './take.js';

const PARTS = [bar, maps, inspector, film, lab, story, cost, take];

/** @param {HTMLElement} element @param {import('../channel.js').Wire} wire */
export function start(element, wire) {
  element.replaceChildren();
  for (const part of PARTS) part.start(element, { ...wire, ask: asker() });
  return (/** @type {import('../schema').XrayPatch} */ { ramps, ...patch }) => {
    if (ramps) paint(ramps);
    set(patch);
  };
}
