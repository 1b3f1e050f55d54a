// The setup that was asked for: one more click adds to it, also while the maps of the last one are still on their way.
import { on, state } from '../store.js';

/** @typedef {import('../schema').Setup} Setup */

/** @type {(keyof Setup)[]} */
const PARTS = ['scope', 'own', 'cuts'];
/** What is on its way, the newest last; before it what was shown when the first was asked for. @type {Setup[]} */
let asked = [];
let networks = '';

const shown = () => ({ scope: state.scope, own: state.own, cuts: state.cuts });
const forget = () => { asked = []; };

/** The setup as it will be when all that was asked for is shown. @returns {Setup} */
export const wanted = () => asked.at(-1) ?? shown();

/** Asks for a pass with other places, another stop of the right network's, or other cuts.
 * @param {import('../channel.js').Wire} wire @param {Partial<Setup>} changes */
export function setUp(wire, changes) {
  if (!asked.length) networks = state.networks.join();
  asked = [...(asked.length ? asked : [shown()]), { ...wanted(), ...changes }];
  wire.send('setup', wanted());
}

// Over once the newest is shown; or once something is that none of them asked for: somebody else set the page up.
on(['key'], () => {
  const now = shown();
  const as = (/** @type {Setup | undefined} */ each, /** @type {keyof Setup} */ part) =>
    each !== undefined && JSON.stringify(each[part]) === JSON.stringify(now[part]);
  const newest = PARTS.every((part) => as(asked.at(-1), part));
  const ours = PARTS.every((part) => asked.some((each) => as(each, part)));
  if (newest || !ours || networks !== state.networks.join()) forget();
});
on(['photos'], forget);
on(['work'], () => { if (state.work === 'none') forget(); });
