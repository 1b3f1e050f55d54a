// The X-ray: the bar, both drawings and what was clicked in them.
import { asker } from '../channel.js';
import { paint } from '../colour.js';
import * as link from '../link.js';
import { set, state } from '../store.js';
import * as apart from './apart.js';
import * as bar from './bar.js';
import * as cuts from './cuts.js';
import * as gradient from './gradient.js';
import * as inside from './inside.js';
import * as inspector from './inspector.js';
import * as keys from './keys.js';
import * as layers from './layers.js';
import * as maps from './maps.js';
import * as matters from './matters.js';
import * as pixels from './pixels.js';
import * as play from './play.js';

const PARTS = [bar, inside, maps, cuts, apart, matters, gradient, play, layers, inspector, pixels, keys, link];

/** @param {HTMLElement} element @param {import('../channel.js').Wire} wire */
export function start(element, wire) {
  element.replaceChildren();
  for (const part of PARTS) part.start(element, { ...wire, ask: asker() });
  return (/** @type {import('../schema').XrayPatch} */ { ramps, ...patch }) => {
    if (ramps) paint(ramps);
    set(patch.key && state.work === 'drawing' ? { ...patch, work: 'drawn' } : patch);
  };
}
