// The drawings in their frames: fitted, zoomed, dragged. Labels keep their size; one that would cover another hides.
import { apart, button, grown, make, refill } from '../dom.js';
import { on, state } from '../store.js';
import { say } from '../words.js';

const LARGEST = 8, EDGE = 20, PHONE = 640, TOUCHED = 0.62, SVG = 'http://www.w3.org/2000/svg';
export const zooms = make('span', { class: 'zooms', role: 'group', 'data-label': 'xray.zoom',
  'data-hint': 'xray.zoom_how' });
let zoom = 1, chosen = false;
/** @type {HTMLElement[]} */
let frames = [];

/** Takes the drawings' frames, each with one <svg>. @param {HTMLElement[]} scrolls */
export function show(scrolls) {
  frames = scrolls;
  for (const scroll of scrolls) {
    scroll.after(overview(scroll));
    listen(scroll);
  }
  size();
}

/** @param {HTMLElement} scroll @returns {any} */
const drawing = (scroll) => scroll.querySelector('.xmap');
const widest = () => Math.max(1, ...state.sides.map((side) => side.width || 0));

// Both are drawn in one scale: at 1 the wider one fits. On a phone it opens in cells that a finger meets.
function size() {
  const room = (frames[0]?.clientWidth ?? 0) - 2 * EDGE;
  if (!chosen) zoom = room > 0 && innerWidth <= PHONE ? Math.min(LARGEST, Math.max(1, (TOUCHED * widest()) / room)) : 1;
  for (const scroll of frames) {
    const svg = drawing(scroll), width = Number(svg.getAttribute('width'));
    const scale = (zoom * (scroll.clientWidth - 2 * EDGE)) / widest();
    if (!scroll.clientWidth) continue;
    scroll.style.padding = `${Math.max(2, 20 * (1 - scale))}px ${EDGE}px 2px`; // for labels that grow beyond it
    svg.style.width = `${width * scale}px`;
    svg.style.setProperty('--grown', String(grown(scale)));
    svg.classList.toggle('far', scale < 0.5);
    tidy(svg);
    mark(scroll);
  }
  refill(zooms, () => zooms.replaceChildren(
    button('−', () => step(-1), { 'data-zoom': 'out', 'aria-label': say('xray.smaller') }),
    button(say('xray.fit'), () => step(0), { 'data-zoom': 'fit', 'aria-pressed': zoom === 1 }),
    button('+', () => step(1), { 'data-zoom': 'in', 'aria-label': say('xray.larger') })));
}

/** @param {SVGElement} svg */
function tidy(svg) {
  const texts = ['.title', '.label', 'text:not(.title, .label, .size, .note text)', '.size'].flatMap((each) =>
    /** @type {SVGElement[]} */ ([...svg.querySelectorAll(each)]));
  const boxes = texts.map((text) => text.getBoundingClientRect()), free = apart(boxes);
  const maps = [...svg.querySelectorAll('.rim')].map((rim) => ({ rim, box: rim.getBoundingClientRect() }));
  const under = (/** @type {Element} */ text, /** @type {DOMRect} */ at) => maps.some(({ rim, box }) =>
    box.left < at.right - 1 && at.left < box.right - 1 && box.top < at.bottom - 3 && at.top < box.bottom - 3
    && text.compareDocumentPosition(rim) & Node.DOCUMENT_POSITION_FOLLOWING);
  texts.forEach((text, k) => { text.style.visibility = free[k] && !under(text, boxes[k]) ? '' : 'hidden'; });
}

/** @param {number} to @param {HTMLElement} [scroll] @param {{ clientX: number, clientY: number }} [about] */
export function change(to, scroll = frames[0], about) {
  if (!scroll) return;
  const before = zoom, box = scroll.getBoundingClientRect();
  const x = about ? about.clientX - box.left : box.width / 2, y = about ? about.clientY - box.top : box.height / 2;
  const [left, top] = [scroll.scrollLeft + x, scroll.scrollTop + y];
  zoom = Math.min(LARGEST, Math.max(1, to < 1.1 ? 1 : to));
  chosen = true;
  size();
  scroll.scrollTo((left * zoom) / before - x, (top * zoom) / before - y);
}

/** One step closer or away, for the keyboard. @param {number} by 0: fit */
export const step = (by) => change(by ? zoom * 1.5 ** by : 1);

/** Brings a cell into its frame's sight. @param {Element} cell */
export function reveal(cell) {
  const scroll = /** @type {HTMLElement} */ (cell.closest('.map-scroll'));
  const box = scroll.getBoundingClientRect(), at = cell.getBoundingClientRect(), room = 24;
  if (at.left < box.left || at.right > box.right) scroll.scrollLeft += at.left - box.left - (box.width - at.width) / 2;
  if (at.top < box.top || at.bottom > box.bottom) scroll.scrollTop += at.top - box.top - room;
}

/** @param {HTMLElement} scroll */
function listen(scroll) {
  /** @type {{ x: number, y: number, left: number, top: number, moved: boolean } | null} */
  let drag = null;
  let apartAt = 0;
  scroll.addEventListener('wheel', (event) => { // a trackpad's pinch comes as a wheel with Ctrl
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    change(zoom * 1.0015 ** -event.deltaY, scroll, event);
  }, { passive: false });
  scroll.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch' || event.button) return;
    drag = { x: event.clientX, y: event.clientY, left: scroll.scrollLeft, top: scroll.scrollTop, moved: false };
  });
  scroll.addEventListener('pointermove', (event) => {
    if (!drag || !(event.buttons & 1)) return;
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    drag.moved ||= Math.hypot(dx, dy) > 5;
    if (drag.moved) scroll.scrollTo(drag.left - dx, drag.top - dy);
  });
  scroll.addEventListener('click', (event) => { // the end of a drag opens no cell
    if (drag?.moved) event.stopPropagation();
    drag = null;
  }, true);
  const two = (/** @type {TouchEvent} */ { touches: [a, b] }) =>
    Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  scroll.addEventListener('touchstart', (event) => { if (event.touches.length === 2) apartAt = two(event); });
  scroll.addEventListener('touchmove', (event) => {
    if (event.touches.length !== 2 || !apartAt) return;
    event.preventDefault();
    const [a, b] = event.touches, now = two(event);
    change((zoom * now) / apartAt, scroll,
      { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 });
    apartAt = now;
  }, { passive: false });
  scroll.addEventListener('scroll', () => mark(scroll), { passive: true });
}

// --- the overview: where one is in a drawing that is larger than its frame
/** @param {HTMLElement} scroll */
function overview(scroll) {
  const svg = drawing(scroll), small = document.createElementNS(SVG, 'svg');
  small.setAttribute('viewBox', /** @type {string} */ (svg.getAttribute('viewBox')));
  small.append(...[...svg.querySelectorAll('.rim')].map((rim) => rim.cloneNode()));
  small.append(document.createElementNS(SVG, 'rect'));
  small.lastElementChild?.setAttribute('class', 'window');
  const node = make('div', { class: 'overview', hidden: '', 'aria-hidden': 'true' });
  node.append(small);
  const go = (/** @type {PointerEvent} */ event) => {
    if (!(event.buttons & 1)) return;
    const box = small.getBoundingClientRect();
    scroll.scrollTo(((event.clientX - box.left) / box.width) * scroll.scrollWidth - scroll.clientWidth / 2,
      ((event.clientY - box.top) / box.height) * scroll.scrollHeight - scroll.clientHeight / 2);
  };
  node.addEventListener('pointerdown', go);
  node.addEventListener('pointermove', go);
  return node;
}

/** @param {HTMLElement} scroll */
function mark(scroll) {
  const node = /** @type {HTMLElement} */ (scroll.nextElementSibling), pane = node.querySelector('.window');
  const [, , width, height] = (node.firstElementChild?.getAttribute('viewBox') ?? '').split(' ').map(Number);
  const { scrollLeft, scrollTop, scrollWidth, scrollHeight, clientWidth, clientHeight } = scroll;
  node.hidden = scrollWidth <= clientWidth + 2 && scrollHeight <= clientHeight + 2;
  const at = { x: (scrollLeft / scrollWidth) * width, y: (scrollTop / scrollHeight) * height,
    width: (clientWidth / scrollWidth) * width, height: (clientHeight / scrollHeight) * height };
  for (const [name, value] of Object.entries(at)) pane?.setAttribute(name, String(value));
}

addEventListener('resize', () => { if (frames.length) size(); });
on(['language'], () => { if (frames.length) size(); });
