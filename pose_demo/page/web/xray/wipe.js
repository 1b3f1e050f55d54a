// Two pictures in one frame: the first is seen left of a bar, the second right of it; drag it, or use the arrow keys.
import { make } from '../dom.js';
import { say } from '../words.js';

/** @param {HTMLElement} first @param {HTMLElement} second @param {[string, string]} names
 * @param {HTMLElement} [under] */
export function wipe(first, second, names, under) {
  const hand = make('input', { type: 'range', min: 0, max: 100, value: 50, class: 'wipe-hand',
    'aria-label': say('xray.wipe', { first: names[0], second: names[1] }), oninput: () => at(Number(hand.value)) });
  const box = make('div', 'wipe', ...(under ? [under] : []), first, second, make('i', 'wipe-bar'), hand);
  first.classList.add('wipe-first');
  second.classList.add('wipe-second');
  const at = (/** @type {number} */ share) => box.style.setProperty('--at', `${share}%`);
  at(50);
  return make('figure', 'wiped', make('figcaption', {}, make('b', {}, names[0]), make('b', {}, names[1])), box);
}
