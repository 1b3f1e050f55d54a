// The same step and settings for a whole class: a short link and its QR code. Examples only: a photo does not travel.
import { make } from '../dom.js';
import { query } from '../link.js';
import { state } from '../store.js';
import { say, tell } from '../words.js';

/** What a class shall have in common; all else is as it is without being said. */
const PARTS = ['tour', 'step', 'lang', 'example', 'upsampling', 'scope', 'own', 'cuts', 'joint', 'decoder', 'flip',
  'threshold', 'box', 'who', 'finder'];
const ALONE = /^(localhost|127\.|\[::1\]|0\.0\.0\.0)/;

/** @param {string[]} shipped what everybody has who chose nothing @param {Partial<typeof state>} [before] as it
 * was before the step's experiment, which everybody makes @param {Location} here */
export function address(shipped, before = {}, here = location) {
  const now = { ...state, ...before }, short = new URLSearchParams();
  const all = query('photo', new URLSearchParams(here.search), now);
  const parts = now.networks.join() === shipped.join() ? PARTS : [...PARTS, 'left', 'right'];
  for (const name of parts) {
    const value = all.get(name);
    if (value && !(name === 'upsampling' && value === 'nearest')) short.set(name, value);
  }
  return `${here.origin}${here.pathname}?${short}`;
}

/** Why nobody else gets here by a link, a key; null where they do. @param {boolean} local whether the server listens to
 * this machine alone @param {string | null} example @param {string} host of the page's address */
export function alone(local, example, host) {
  if (!example) return 'tour.share_own';
  return ALONE.test(host) ? (local ? 'tour.share_alone' : 'tour.share_here') : null;
}

/** @param {import('../channel.js').Wire['ask']} ask @param {string[]} shipped @param {boolean} local
 * @param {Partial<typeof state>} before */
export function share(ask, shipped, local, before) {
  const node = make('figure', { class: 'tour-picture share', role: 'status' });
  const why = alone(local, state.example, location.host);
  if (why) return make('figure', { class: 'tour-picture share', role: 'status' }, make('p', {}, say(why)));
  const link = address(shipped, before);
  node.append(make('a', { href: link, target: '_blank' }, link));
  ask('qr', { what: link }).then((answer) => {
    if (answer?.error) node.append(make('p', {}, tell(answer.error)));
    else if (answer) node.insertAdjacentHTML('afterbegin', answer.svg);
    node.querySelector('svg')?.setAttribute('role', 'img');
    node.querySelector('svg')?.setAttribute('aria-label', say('tour.share'));
  });
  return node;
}
