// The two maps, the hover preview, the keyboard, and which cell is pinned.
import { arrow, make, neighbour } from '../dom.js';
import { on, set, state } from '../store.js';
import { badge, drawn, say, speak } from '../words.js';
import * as viewport from './viewport.js';

/** @typedef {import('../schema').Pin} Pin */

const maps = make('div', 'maps2'), peeked = make('div', { class: 'peek', hidden: '' });
/** The inspector's dock stands in this section too, so that it sticks to its bottom. */
export const section = make('section', { class: 'xray', 'aria-labelledby': 'xray-title', hidden: '' },
  maps, make('p', { class: 'foot hint', 'data-word': 'xray.hint' }), peeked);

/** @param {HTMLElement} root */
export function start(root) {
  root.append(section);
  speak(section);
  on(['key', 'language'], draw);
  addEventListener('scroll', () => peek(null), { passive: true });
}

function draw() {
  if (!state.key) return;
  section.hidden = false;
  const top = section.getBoundingClientRect().top;
  const scrolls = () => /** @type {HTMLElement[]} */ ([...maps.querySelectorAll('.map-scroll')]);
  const scrolled = scrolls().map((node) => [node.scrollLeft, node.scrollTop]);
  const cell = maps.contains(document.activeElement) ? cellAt(document.activeElement) : null;
  const focused = cell && { side: sideOf(cell), cell: cell.dataset.cell ?? '' };
  maps.replaceChildren(...state.sides.map(map));
  viewport.show(scrolls());
  scrolls().forEach((node, k) => {
    const [across, down] = scrolled[k] ?? [0, 0];
    node.scrollTo(across, down);
    listen(node);
  });
  const moved = section.getBoundingClientRect().top - top;
  if (moved) scrollBy(0, moved); // nothing jumps: who looks at a map keeps it before their eyes
  restore();
  if (!focused) return;
  find(focused)?.focus({ preventScroll: true });
  peek(null);
}

/** @param {import('../schema').MapSide} side @param {number} k */
function map(side, k) {
  const head = make('p', 'of', make('b', {}, side.title),
    make('span', side.trained ? 'badge' : 'badge untrained', badge(side)));
  if (side.why) return make('div', { class: 'map-card', 'data-side': k }, head, make('p', 'foot', say(side.why)));
  const scroll = make('div', { class: 'map-scroll', 'data-side': k });
  scroll.innerHTML = side.svg;
  for (const label of /** @type {NodeListOf<SVGElement>} */ (scroll.querySelectorAll('[data-drawn]'))) {
    label.textContent = drawn(label.dataset.drawn ?? '');
  }
  const range = (/** @type {[string, number]} */ [name, top]) => make('span', 'group', `${drawn(name)} `,
    make('span', 'range', make('span', {}, '0'), make('i'), make('span', {}, Number(top.toPrecision(2)))));
  const note = (/** @type {string} */ key, /** @type {number} */ number) =>
    make('li', {}, make('b', 'no', number + 1), make('span', {}, say(key)));
  return make('div', { class: 'map-card', 'data-side': k }, head, make('div', 'map-frame', scroll),
    make('div', 'map-legend foot', make('span', {}, say('xray.legend_energy')), ...side.groups.map(range),
      ...side.ways.map(([kind, key]) => make('span', 'way', make('i', kind), say(key))),
      make('span', {}, say('xray.scale_bar'))),
    make('ol', 'remarks foot', ...side.notes.map(note)));
}

/** @typedef {HTMLElement} Cell */

/** @param {Element} node */
const sideOf = (node) => Number(/** @type {HTMLElement} */ (node.closest('.map-scroll')).dataset.side);
/** @param {EventTarget | null} target @returns {Cell | null} */
const cellAt = (target) => (target instanceof Element ? target.closest('.cell') : null);
/** @param {Pin} pin @returns {Cell | null} */
export const find = ({ side, cell }) =>
  maps.querySelector(`.map-scroll[data-side="${side}"] .cell[data-cell="${CSS.escape(cell)}"]`);

/** The drawn arrows into a cell, of one side or of both. @param {string} cell @param {number} [side]
 * @returns {NodeListOf<SVGElement>} */
export const arrowsInto = (cell, side) => maps.querySelectorAll(
  `.map-scroll${side === undefined ? '' : `[data-side="${side}"]`} .arrow[data-to="${CSS.escape(cell)}"]`);

/** A cell's map as large as there is room. @param {Pin} at */
export function enlarged(at) {
  const thumb = find(at)?.parentElement?.querySelector('.thumb');
  if (!thumb) return null;
  const large = /** @type {Element} */ (thumb.cloneNode(true));
  for (const [part, value] of Object.entries({ x: 0, y: 0, width: '100%', height: '100%' })) {
    large.setAttribute(part, String(value));
  }
  const box = make('div', { class: 'tour-map',
    style: `aspect-ratio:${thumb.getAttribute('width')}/${thumb.getAttribute('height')}` });
  box.append(large);
  return box;
}

// --- hover, click, keys
/** @param {HTMLElement} scroll */
function listen(scroll) {
  const cells = /** @type {Cell[]} */ ([...scroll.querySelectorAll('.cell')]);
  cells[0]?.setAttribute('tabindex', '0');
  for (const kind of ['pointerover', 'focusin']) scroll.addEventListener(kind, (event) => peek(cellAt(event.target)));
  for (const kind of ['pointerleave', 'focusout']) scroll.addEventListener(kind, () => peek(null));
  scroll.addEventListener('click', (event) => {
    const cell = cellAt(event.target);
    if (cell) pin(cell);
  });
  scroll.addEventListener('keydown', (event) => keys(event, cells));
}

/** @param {Cell | null} cell */
function peek(cell) {
  for (const lit of section.querySelectorAll('.lit')) lit.classList.remove('lit');
  peeked.hidden = !cell;
  if (!cell) return;
  const name = cell.dataset.cell ?? '';
  for (const way of cell.closest('.map-scroll')?.querySelectorAll(`[data-to="${CSS.escape(name)}"]`) ?? []) {
    way.classList.add('lit');
  }
  const tile = /** @type {Element} */ (cell.parentNode);
  const thumb = /** @type {Element} */ (/** @type {Element} */ (tile.querySelector('.thumb')).cloneNode(true));
  const ratio = Number(thumb.getAttribute('width')) / Number(thumb.getAttribute('height'));
  const place = { x: 0, y: 0, width: Math.min(190, 190 * ratio), height: Math.min(190, 190 / ratio) };
  for (const [part, value] of Object.entries(place)) thumb.setAttribute(part, String(value));
  peeked.replaceChildren(thumb, make('b', {}, name), make('span', {}, cell.dataset.size ?? ''));
  const at = /** @type {Element} */ (tile.querySelector('.rim')).getBoundingClientRect();
  const mine = peeked.getBoundingClientRect();
  const fits = at.right + 14 + mine.width < innerWidth;
  peeked.style.left = `${fits ? at.right + 14 : Math.max(4, at.left - mine.width - 14)}px`;
  peeked.style.top = `${Math.max(4, Math.min(innerHeight - mine.height - 4, at.top - 20))}px`;
}

/** @param {Cell} cell @param {number | null} [channel] */
function pin(cell, channel = null) {
  mark(cell);
  peek(null);
  viewport.reveal(cell);
  set({ pin: { side: sideOf(cell), cell: cell.dataset.cell ?? '' }, channel });
}

/** @param {Cell | null} cell */
function mark(cell) {
  for (const old of maps.querySelectorAll('.cell.pinned')) {
    old.classList.remove('pinned');
    old.setAttribute('aria-pressed', 'false');
  }
  for (const scroll of maps.querySelectorAll('.map-scroll')) {
    const stop = cell && scroll.contains(cell) ? cell : scroll.querySelector('.cell[tabindex="0"], .cell');
    for (const old of scroll.querySelectorAll('.cell[tabindex="0"]')) old.setAttribute('tabindex', '-1');
    stop?.setAttribute('tabindex', '0');
  }
  cell?.classList.add('pinned');
  cell?.setAttribute('aria-pressed', 'true');
}

// After a new photo or slider position the same cell stays open.
function restore() {
  const cell = state.pin && find(state.pin);
  if (cell) mark(cell);
  else if (state.pin) release();
}

/** Closes the open cell. @param {boolean} [back] the focus goes to it */
export function release(back) {
  const cell = back && state.pin ? find(state.pin) : null;
  mark(null);
  set({ pin: null, channel: null });
  cell?.focus({ preventScroll: true });
  peek(null);
}

/** Opens a cell from anywhere else on the page. @param {number} side @param {string} cell */
export function walk(side, cell) {
  const next = find({ side, cell });
  if (!next) return;
  pin(next);
  next.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
}

// Left and right walk along stages and stacks, up and down along branches and levels.
/** @param {KeyboardEvent} event @param {Cell[]} cells */
function keys(event, cells) {
  const here = cellAt(event.target), step = arrow(event);
  if (!here || !(step || event.key === 'Enter' || event.key === ' ')) return;
  event.preventDefault();
  if (!step) return pin(here);
  const place = (/** @type {Cell} */ cell) => ({ x: Number(cell.dataset.column), y: Number(cell.dataset.row) });
  const best = neighbour(place(here), cells.map(place), step);
  if (best < 0) return;
  here.setAttribute('tabindex', '-1');
  cells[best].setAttribute('tabindex', '0');
  cells[best].focus({ preventScroll: true });
  viewport.reveal(cells[best]);
  if (state.pin) pin(cells[best]);
}
