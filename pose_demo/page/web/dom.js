// Elements, and what is written into them.

/**
 * An element with attributes: a string is its class, a function becomes a listener, null is left out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string | Record<string, unknown>} [attributes]
 * @param {...(Node | string | number)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(typeof attributes === 'string' ? { class: attributes } : attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...children.map((child) => (typeof child === 'number' ? String(child) : child)));
  return node;
}

/** @param {string} text @param {() => void} onclick @param {Record<string, unknown>} [more] */
export function button(text, onclick, more = {}) {
  return make('button', { type: 'button', class: 'plain', onclick, ...more }, text);
}

/** A button that looks like a link. @param {string} text @param {() => void} onclick
 * @param {Record<string, unknown>} [more] */
export const link = (text, onclick, more = {}) => button(text, onclick, { class: 'link', ...more });

/**
 * A choice of one value; null is written as "".
 * @param {[string | null, string][]} options @param {string | number | null} value
 * @param {(value: string | null) => void} choose @param {Record<string, unknown>} [more]
 */
export function select(options, value, choose, more = {}) {
  const node = make('select', { onchange: () => choose(node.value || null), ...more },
    ...options.map(([each, text]) => make('option', { value: each ?? '' }, text)));
  node.value = String(value ?? '');
  return node;
}

/** Fills anew what the focus may be in: the one control like it, by its class or else its data-*, has it then.
 * @param {HTMLElement} node @param {() => void} fill */
export function refill(node, fill) {
  const old = document.activeElement, inside = old instanceof HTMLElement && old !== node && node.contains(old);
  const same = inside ? likeness(old).find((each) => node.querySelectorAll(each).length === 1) : null;
  fill();
  const next = /** @type {HTMLElement | null} */ (same ? node.querySelector(same) : null);
  if (next !== document.activeElement) next?.focus({ preventScroll: true });
}

/** The selectors of a control and of those that take its place: by its class, which others may share, and by its data.
 * @param {Pick<HTMLElement, 'classList' | 'dataset'>} control */
export function likeness({ classList, dataset }) {
  const kind = [...classList].find((name) => name !== 'plain'), [data] = Object.entries(dataset);
  return [...(kind ? [`.${kind}`] : []), ...(data ? [`[data-${data[0]}="${data[1]}"]`] : [])];
}

/** Shows one line or hides it. @param {HTMLElement} node @param {string | null} [text] */
export function line(node, text) {
  node.textContent = text || '';
  node.hidden = !text;
}

/** A frame keeps the photo's shape, as large as its column and --tall allow.
 * @param {HTMLElement} node @param {number} width @param {number} height */
export function shape(node, width, height) {
  node.style.setProperty('--ratio', String(width / height));
}

/** The step of an arrow key, [across, down]. @param {KeyboardEvent} event */
export function arrow(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  return steps[event.key] || null;
}

/** @typedef {{ x: number, y: number }} Place column and row */

/** The nearest of `places` ahead of `here`, in its own row or column first; -1 where none is.
 * @param {Place} here @param {Place[]} places @param {[number, number]} step */
export function neighbour(here, places, [across, down]) {
  let best = -1, least = Infinity;
  places.forEach((place, k) => {
    const dx = place.x - here.x, dy = place.y - here.y;
    const ahead = across ? dx * across : dy * down, aside = Math.abs(across ? dy : dx);
    const far = ahead + aside * (across ? 100 : 3);
    if (ahead > 0 && far < least) [best, least] = [k, far];
  });
  return best;
}

/** How much a label grows against its drawing: at least 12 px on the screen, and not much more.
 * @param {number} scale pixels of the screen per pixel of the drawing */
export const grown = (scale) => Math.min(1.3, Math.max(1, scale)) / scale;

/** Those that may stay, of rectangles by importance: none covers one before it, or touches it in its line.
 * @param {{ left: number, top: number, right: number, bottom: number }[]} boxes */
export function apart(boxes) {
  /** @type {typeof boxes} */
  const kept = [];
  return boxes.map((box) => {
    const free = kept.every((old) =>
      box.right + 4 < old.left || old.right + 4 < box.left || box.bottom < old.top || old.bottom < box.top);
    if (free) kept.push(box);
    return free;
  });
}

/** The cuts with one more, or one less where it is there already.
 * @param {Record<string, string>[]} cuts @param {number} side @param {string} place @param {string} how */
export function toggled(cuts, side, place, how) {
  return cuts.map((own, k) => {
    if (k !== side) return own;
    const { [place]: there, ...rest } = own;
    return there === how ? rest : { ...rest, [place]: how };
  });
}
