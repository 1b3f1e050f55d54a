// What stands under the drawings: how the answer comes about, what it costs, what can be taken away.
import { asker } from '../channel.js';
import * as beside from './beside.js';
import * as cost from './cost.js';
import * as film from './film.js';
import * as story from './story.js';
import * as take from './take.js';

const PARTS = [beside, film, story, cost, take];

/** @param {HTMLElement} element @param {import('../channel.js').Wire} wire */
export function start(element, wire) {
  element.replaceChildren();
  for (const part of PARTS) part.start(element, { ...wire, ask: asker() });
  return () => {};
}
