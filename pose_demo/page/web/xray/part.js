// What the X-ray's parts have in common: a section, and what fills it when it comes into view, not before.
import { make } from '../dom.js';
import { on, state } from '../store.js';
import { badge, say, tell } from '../words.js';

/** @typedef {import('../channel.js').Wire} Wire */
/** @typedef {{ title: string, why?: string }} Side */

/**
 * A card with a heading, hidden until there is a comparison.
 * @param {HTMLElement} root @param {string} name its class @param {...Node} tools right of the heading
 */
export function card(root, name, ...tools) {
  const heading = make('h2', 'section heading');
  const bar = make('div', 'xray-bar', heading, make('span', 'grow'), ...tools);
  const node = make('section', { class: `${name} card`, hidden: '' }, bar);
  root.append(node);
  return { node, heading };
}

/** What fills the sections that are out of date, and what fills the others just now or did.
 * @type {WeakMap<Element, () => unknown>} */
const stale = new WeakMap();
/** @type {WeakMap<Element, unknown>} */
const filling = new WeakMap();

/** A section is up to date when this ends, whether it is seen or not. @param {Element} node */
export async function filled(node) {
  const fill = stale.get(node);
  stale.delete(node);
  if (fill) filling.set(node, fill());
  await filling.get(node);
}

/**
 * Fills a section for every new comparison, or change of `names`: at once where it is seen, else when it will be.
 * @param {HTMLElement} node @param {(keyof import('../store.js').State)[]} names @param {() => unknown} fill
 */
export function whenSeen(node, names, fill) {
  const seen = () => {
    const box = node.getBoundingClientRect();
    if (stale.has(node) && box.top <= innerHeight + 300 && box.bottom >= -300) filled(node);
  };
  new IntersectionObserver(seen, { rootMargin: '300px' }).observe(node);
  on(['key', 'language', ...names], () => {
    if (!state.key) return;
    node.hidden = false;
    stale.set(node, fill);
    seen();
  });
}

/** @param {import('../schema').Said} error */
export const failure = (error) => make('p', { class: 'xray-error', role: 'alert' }, tell(error));

/** Says what went wrong in place of an answer.
 * @param {HTMLElement} node @param {{ error?: import('../schema').Said }} answer */
export function trouble(node, answer) {
  if (answer.error) node.replaceChildren(failure(answer.error));
  return Boolean(answer.error);
}

/** The line over a network's strip. @param {number} k @param {boolean} [always] its state even where it is trained */
export function title(k, always = false) {
  const side = state.sides[k];
  const head = make('p', 'of', make('b', {}, side.title));
  if (!side.trained || always) head.append(make('span', side.trained ? 'badge' : 'badge untrained', badge(side)));
  return head;
}

/** A network's strip, or why there is none. @param {Side} side @param {number} k @param {() => Node[]} fill */
export function strip(side, k, fill) {
  return make('div', { class: 'strip2', 'data-side': k }, title(k),
    ...(side.why ? [make('p', 'foot', say(side.why))] : fill()));
}
