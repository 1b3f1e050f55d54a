// One place of the photo in every map of both networks: lit under the pointer, pinned by a click, walked by arrow keys.
// All values are here already, so that a pointer asks the server for nothing.
import { bytes, numbers } from '../colour.js';
import { arrow, button, make } from '../dom.js';
import { on, set, state } from '../store.js';
import { channelName, number, say, word } from '../words.js';
import { section } from './maps.js';
import { whenSeen } from './part.js';

/** @typedef {import('../schema').PixelSide} Side */
/** @typedef {import('../schema').PixelCell} Cell */
/** @typedef {{ x: number, y: number }} Point in pixels of the photo, centres at whole numbers */
/** @typedef {{ side: number, cell: string }} Pin */

const SVG = 'http://www.w3.org/2000/svg';
/** Maps beside the drawings; a picture of a map tells no cells: it is taken for as fine as this. */
const MAPS = '[data-side] canvas.map, [data-side] img.over', FINE = 256;
/** @type {Side[]} */
let sides = [];
/** The joint that `sides` are of: another one's values are not known before its own are here. */
let known = '';
/** @type {{ circle: import('../schema').Circle, key: string, pin: Pin | null, pixel: Point | null } | null} */
let sight = null;

/** What the pinned cell looks at, on both skeletons' photos too, for as long as it is pinned; null: no longer.
 * @param {import('../schema').Circle | null} circle */
export function see(circle) {
  const { key, pin, pixel } = state;
  if (!circle && !sight) return;
  sight = circle && { circle, key, pin, pixel };
  onPhotos(pixel, pin);
}

/** The channel of the open cell that is looked at, with its values.
 * @type {{ of: string, number: number, map: import('../schema').NumberMap } | null} */
let open = null;
/** @param {Pin | null} pin */
const named = (pin) => `${state.key} ${pin?.side} ${pin?.cell}`;

/** Another channel of the open cell is shown: what is said of the cell is of that one. @param {Pin | null} pin the cell
 * @param {number} channel @param {import('../schema').NumberMap} map */
export function look(pin, channel, map) {
  open = { of: named(pin), number: channel, map };
  set({ pixel: state.pixel });
}

/** The column and row of a map's cell over a place of the photo, null beside it.
 * @param {Pick<Side, 'crop'>} side @param {{ w: number, h: number }} cell @param {Point} point */
export function under({ crop: [x0, y0, x1, y1] }, { w, h }, { x, y }) {
  const column = Math.floor(((x - x0) / (x1 - x0)) * w), row = Math.floor(((y - y0) / (y1 - y0)) * h);
  return column >= 0 && row >= 0 && column < w && row < h ? { x: column, y: row } : null;
}

/** A value of a map that was sent in levels. @param {import('../schema').Levels & { steps?: Uint16Array }} map
 * @param {number} at */
export function level(map, at) {
  map.steps ||= new Uint16Array(bytes(map.data).buffer);
  return map.low + (map.steps[at] * (map.high - map.low)) / 65535;
}

/** What is known at a place: energy, the joint's channel and its value, where there is one. @param {Pin} pin
 * @param {Point} point */
export function reading({ side, cell }, point) {
  const map = sides[side]?.cells[cell], at = map && under(sides[side], map, point);
  if (!at) return null;
  const k = at.y * map.w + at.x, { channel, own } = known === state.joint ? map : { channel: null, own: null };
  return { ...at, channel, energy: level(map.energy, k), own: own && level(own, k) };
}

/** The next place of a walk in steps of a cell, within what a network sees of the photo. @param {Side} side
 * @param {Point} from @param {[number, number]} step */
export function walked({ crop: [x0, y0, x1, y1], input: [width] }, from, [across, down]) {
  const size = (x1 - x0) / (width / 4);
  const kept = (/** @type {number} */ at, /** @type {number} */ low, /** @type {number} */ high) =>
    Math.min(high - size / 2, Math.max(low + size / 2, at));
  return { x: kept(from.x + across * size, x0, x1), y: kept(from.y + down * size, y0, y1) };
}

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const text = make('span'), close = button('✕', () => set({ pixel: null }), { 'data-label': 'xray.close' });
  const strip = make('div', { class: 'pixel-strip', hidden: '' }, text, close);
  root.append(strip);

  let loaded = '', key = '';
  on(['key'], () => { // another photo's values are none of this one's
    if (state.key !== key) sides = [];
    ({ key } = state);
  });
  whenSeen(section, ['joint'], async () => {
    const wanted = `${state.key} ${state.joint}`;
    if (wanted === loaded) return light(state.pixel); // another language asks for nothing
    loaded = wanted;
    light(state.pixel);
    const asked = state.joint, answer = await wire.ask('pixels');
    if (!answer || answer.error) {
      if (loaded === wanted) loaded = ''; // it may be asked for again
      return light(state.pixel);
    }
    const first = !sides.length;
    ({ sides } = answer);
    known = asked;
    if (first && state.pixel) set({ pixel: state.pixel }); // who reads at that place can now
    else light(state.pixel);
  });
  on(['pixel'], () => light(state.pixel));
  on(['skeletons'], () => queueMicrotask(() => light(state.pixel))); // once they are drawn, without the cross

  /** @param {Point | null} point @param {Pin | null} [over] the cell under the pointer */
  function light(point, over = state.pin) {
    strip.hidden = !point;
    close.hidden = !state.pixel;
    spots(point);
    onMaps(point);
    onPhotos(point, over);
    if (!point) return;
    const joint = word('joint', state.joint), read = over && reading(over, point);
    const parts = [say('xray.at', { x: Math.round(point.x), y: Math.round(point.y) })];
    if (read && over) {
      const { cells, joints } = sides[over.side], map = open?.of === named(over) ? open.map : null;
      const own = map ? numbers(map)[read.y * map.w + read.x] : read.own;
      const channel = map && open ? open.number : read.channel, names = cells[over.cell].heatmaps ? joints : null;
      parts.push(`${over.cell} (${read.x}, ${read.y}): ${say('xray.energy')} ${number(read.energy, '.3g')}, ${
        channel === null ? joint : channelName(channel, names)} ${number(own, '.3g')}`);
    }
    const answers = sides.map((side, k) => reading({ side: k, cell: Object.keys(side.cells).at(-1) ?? '' }, point));
    parts.push(`${joint}: ${answers.map((one) => number(one?.own ?? null, '.2f')).join(' | ')}`);
    text.textContent = parts.join('  ·  ');
  }

  /** @param {MouseEvent} event @returns {{ point: Point, over: Pin | null } | null} */
  function at(event) {
    const target = event.target instanceof Element ? event.target : null, canvas = target?.closest('.pair .canvas');
    const svg = /** @type {SVGSVGElement | null} */ (canvas?.querySelector('svg.skeleton') ?? null);
    if (svg) {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
      return { point, over: null };
    }
    const cell = /** @type {HTMLElement | null} */ (target?.closest('.map-scroll .cell') ?? null);
    const side = Number(/** @type {HTMLElement | null} */ (cell?.closest('.map-scroll'))?.dataset.side);
    const rim = cell?.parentNode?.querySelector('.rim')?.getBoundingClientRect();
    if (!cell || !rim || !sides[side]) return null;
    const [x0, y0, x1, y1] = sides[side].crop;
    const inside = (/** @type {number} */ part) => Math.min(0.9999, Math.max(0, part));
    return { over: { side, cell: cell.dataset.cell ?? '' }, point: {
      x: x0 + inside((event.clientX - rim.left) / rim.width) * (x1 - x0),
      y: y0 + inside((event.clientY - rim.top) / rim.height) * (y1 - y0) } };
  }
  new MutationObserver((changes) => { // maps that come while a place is pinned
    const came = (/** @type {Node} */ node) => node instanceof Element && node.querySelector(MAPS);
    if (state.pixel && changes.some(({ addedNodes }) => [...addedNodes].some(came))) onMaps(state.pixel);
  }).observe(document.body, { childList: true, subtree: true });
  addEventListener('resize', () => onMaps(state.pixel));
  document.addEventListener('pointermove', (event) => {
    const here = sides.length && !event.buttons ? at(event) : null;
    if (here) light(here.point, here.over ?? state.pin);
    else if (!strip.hidden) light(state.pixel);
  });
  document.addEventListener('click', (event) => {
    const here = sides.length && event.detail ? at(event) : null;
    if (here) set({ pixel: { x: here.point.x, y: here.point.y } });
  });
  document.addEventListener('keydown', (event) => { // one cell of the answer a step
    const step = arrow(event), on_ = event.target instanceof Element && event.target.closest('.pair .canvas');
    if (!step || !on_ || !sides.length) return;
    event.preventDefault();
    const [x0, y0, x1, y1] = sides[0].crop;
    set({ pixel: walked(sides[0], state.pixel ?? { x: (x0 + x1) / 2, y: (y0 + y1) / 2 }, step) });
  });
}

/** The same place in every cell of both drawings. @param {Point | null} point */
function spots(point) {
  for (const rim of section.querySelectorAll('.map-scroll .rim')) {
    const cell = /** @type {HTMLElement | null} */ (rim.parentNode?.querySelector('.cell'));
    const k = Number(/** @type {HTMLElement} */ (rim.closest('.map-scroll')).dataset.side);
    const map = sides[k]?.cells[cell?.dataset.cell ?? ''], place = point && map && under(sides[k], map, point);
    let spot = rim.nextElementSibling;
    if (!spot?.matches('.spot')) {
      spot = document.createElementNS(SVG, 'rect');
      spot.setAttribute('class', 'spot');
      rim.after(spot);
    }
    spot.toggleAttribute('hidden', !place);
    if (!place) continue;
    const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => Number(rim.getAttribute(name)));
    const wide = width / map.w, high = height / map.h, size = Math.max(wide, 3), tall = Math.max(high, 3);
    const shape = { x: x + (place.x + 0.5) * wide - size / 2, y: y + (place.y + 0.5) * high - tall / 2,
      width: size, height: tall };
    for (const [name, value] of Object.entries(shape)) spot.setAttribute(name, String(value));
  }
}

/** The same place in every other map of a network: the open cell's, the filmstrip's, the story's. A part of the page
 * says with data-side of which network its maps are. @param {Point | null} point */
function onMaps(point) {
  const maps = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(MAPS));
  // What the spot's place is counted from.
  if (point) for (const map of maps) map.parentElement?.classList.add('spotted');
  const places = [...maps].map((map) => {
    const side = sides[Number(/** @type {HTMLElement} */ (map.closest('[data-side]')).dataset.side)];
    const size = map instanceof HTMLCanvasElement ? { w: map.width, h: map.height } : { w: FINE, h: FINE };
    const place = point && side && under(side, size, point);
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = map; // all read before anything is written
    return place && offsetWidth ? { x: offsetLeft + ((place.x + 0.5) / size.w) * offsetWidth,
      y: offsetTop + ((place.y + 0.5) / size.h) * offsetHeight } : null;
  });
  maps.forEach((map, k) => {
    const place = places[k], next = map.nextElementSibling;
    const spot = /** @type {HTMLElement | null} */ (next?.matches('.map-spot') ? next : null);
    if (!place) return void spot?.remove();
    const shown = spot ?? document.createElement('i');
    shown.className = 'map-spot';
    shown.style.cssText = `left:${place.x}px;top:${place.y}px`;
    if (!spot) map.after(shown);
  });
}

/** The place on both skeletons' photos, and what the cell there depends on. @param {Point | null} point
 * @param {Pin | null} over */
function onPhotos(point, over) {
  const side = over && sides[over.side], map = side && over && side.cells[over.cell];
  const place = point && map && under(side, map, point);
  const looks = sight?.key === state.key && sight.pin === state.pin && sight.pixel === point ? sight.circle : null;
  for (const svg of document.querySelectorAll('.pair svg.skeleton')) {
    svg.querySelector('.here')?.remove();
    if (!point && !looks) continue;
    const group = document.createElementNS(SVG, 'g');
    group.setAttribute('class', 'here');
    svg.append(group);
    if (looks) group.innerHTML = `<circle class="half" cx="${looks.x}" cy="${looks.y}" r="${looks.r}"/>`;
    if (place) {
      const [x0, y0, x1] = side.crop, scale = (x1 - x0) / side.input[0];
      const [left, right] = map.columns[place.x], [top, bottom] = map.rows[place.y];
      group.insertAdjacentHTML('beforeend', `<rect class="sees" x="${x0 + left * scale}" y="${
        y0 + top * scale}" width="${(right - left) * scale}" height="${(bottom - top) * scale}"/>`);
    }
    if (!point) continue;
    const r = Number(svg.getAttribute('viewBox')?.split(' ')[2]) / 60;
    group.insertAdjacentHTML('beforeend', `<path d="M${point.x - r} ${point.y}h${2 * r}M${point.x} ${point.y - r}v${
      2 * r}"/>`);
  }
}
