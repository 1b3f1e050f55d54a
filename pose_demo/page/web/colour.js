// Maps as pictures, in the colours that draw/colour.py has: it sends them, 256 a ramp.
import { make } from './dom.js';
import { number, say } from './words.js';

/** @typedef {import('./schema').NumberMap & { values?: Float32Array }} NumberMap */
/** @typedef {{ label?: string, class?: string, diverging?: boolean, clear?: boolean, say?: HTMLElement }} Look */

/** @type {Record<string, Uint8Array>} three bytes a level */
const ramps = {};

/** @param {Record<string, string>} sent hexadecimal RGB of 256 levels, one after the other */
export function paint(sent) {
  for (const [name, hex] of Object.entries(sent)) {
    ramps[name] = Uint8Array.from({ length: hex.length / 2 }, (_, k) => parseInt(hex.slice(2 * k, 2 * k + 2), 16));
  }
}

/** @param {string} text base64 */
export const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** @param {NumberMap} map */
export function numbers(map) {
  return (map.values ||= new Float32Array(bytes(map.data).buffer));
}

/** Pixels RGBA of a map. @param {NumberMap} map @param {Look} [look] clear: what is low lets through what lies below */
export function pixels(map, look = {}) {
  const values = numbers(map), ramp = ramps[look.diverging ? 'diverging' : 'viridis'];
  const factor = map.high > map.low ? 255 / (map.high - map.low) : 0;
  const result = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    const level = Math.max(0, Math.min(255, Math.round((value - map.low) * factor)));
    result.set(ramp.subarray(3 * level, 3 * level + 3), 4 * i);
    result[4 * i + 3] = look.clear ? Math.min(235, 20 + 2 * level) : 255;
  });
  return result;
}

/** A level of the magnitudes' colours, 0 to 1. @param {number} level */
export function shade(level) {
  const k = 3 * Math.round(255 * Math.min(1, Math.max(0, level)));
  return `rgb(${[...ramps.viridis.subarray(k, k + 3)].join(' ')})`;
}

/** A map as a canvas whose cells tell their values. @param {NumberMap} map @param {Look} [look] */
export function canvas(map, look = {}) {
  const node = make('canvas', { width: map.w, height: map.h, class: 'map', role: 'img', 'aria-label': look.label });
  node.getContext('2d')?.putImageData(new ImageData(pixels(map, look), map.w, map.h), 0, 0);
  node.style.aspectRatio = String(map.w / map.h);
  const at = (/** @type {number} */ part, /** @type {number} */ cells) =>
    Math.min(cells - 1, Math.max(0, Math.floor(part * cells)));
  node.addEventListener('pointermove', (event) => {
    const box = node.getBoundingClientRect();
    const x = at((event.clientX - box.left) / box.width, map.w), y = at((event.clientY - box.top) / box.height, map.h);
    node.title = `x ${x}, y ${y}: ${numbers(map)[y * map.w + x].toPrecision(4)}`;
    if (look.say) look.say.textContent = node.title;
  });
  return node;
}

/** The colour range of what stands above it. @param {number} low @param {number} high @param {boolean} [diverging] */
export function legend(low, high, diverging) {
  const short = (/** @type {number} */ v) => (v === 0 ? '0' : Number(v).toPrecision(2).replace('e-', 'e−'));
  return make('div', 'range', make('span', {}, short(low)), make('i', diverging ? 'diverging' : {}),
    make('span', {}, short(high)));
}

/** How many times larger than its cells a map is drawn, once it stands on the page. @param {HTMLCanvasElement} map
 * @param {boolean} [whole] in a sentence */
export function magnified(map, whole) {
  const node = make('span', 'foot as-large'), { width, height } = map;
  new ResizeObserver(() => {
    const times = map.getBoundingClientRect().width / width;
    if (!times) return;
    node.textContent = whole ? say('xray.drawn', { times, cells: `${width}×${height}` })
      : say('xray.times', { times: number(times, times < 10 ? '.1f' : '.0f') });
  }).observe(map);
  return node;
}

/** @param {NumberMap} map @param {string} caption @param {Look} [look] */
export function figure(map, caption, look = {}) {
  const drawn = canvas(map, { label: caption, ...look });
  return make('figure', look.class || {}, drawn, make('figcaption', {}, caption), ' ',
    magnified(drawn, look.class === 'big'));
}
