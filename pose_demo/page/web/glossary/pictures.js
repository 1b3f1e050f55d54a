// A term's picture: this page's own maps and photo.
import { asker } from '../channel.js';
import { canvas } from '../colour.js';
import { make } from '../dom.js';
import { state } from '../store.js';
import { say } from '../words.js';
import { enlarged, find } from '../xray/maps.js';

/** @typedef {import('./terms.js').Term} Term */
/** @typedef {{ node: Node[], values: Record<string, any> }} Shown values -- for the caption */

const ask = asker();

/** The side that has all cells of one of these rows, and that row. @param {string[][]} rows
 * @returns {{ side: number, cells: string[] } | null} */
function there(rows) {
  for (const cells of rows) for (const side of state.sides.keys()) {
    if (cells.every((cell) => find({ side, cell }))) return { side, cells };
  }
  return null;
}

/** @param {string} name @param {string} [size] */
const caption = (name, size = '') => make('figcaption', {}, name, ...(size ? [make('br'), size] : []));

/** @type {Record<string, (term: Term) => Shown | null | Promise<Shown | null>>} */
const DRAW = { cells: maps, field, film, torso: body, pck: body, oks: body };

/** What of this page shows a term; null where nothing on it does. @param {Term} term */
export const draw = async (term) => (state.key ? DRAW[term.picture](term) : null);

/** @param {Term} term */
function maps({ cells: rows = [], id }) {
  const found = there(rows);
  if (!found) return null;
  const network = state.sides[found.side].title;
  const node = found.cells.flatMap((cell, k) => {
    const pin = { side: found.side, cell }, sign = id !== 'fusion' || !k ? '' : k + 1 < found.cells.length ? '+' : '→';
    const figure = make('figure', {}, enlarged(pin) ?? '', caption(cell, find(pin)?.dataset.size));
    return sign ? [make('span', 'sign', sign), figure] : [figure];
  });
  return { node, values: { network } };
}

/** @param {Term} term */
async function field({ cells: rows = [] }) {
  const found = there(rows);
  if (!found) return null;
  const { side, cells: [cell] } = found;
  const [answer, photo] = await Promise.all([ask('cell', { side, cell, by: 'energy' }), ask('input', { side })]);
  if (!answer || answer.error || !photo || photo.error) return null;
  const { box: [x0, y0, x1, y1], input: [w, h], width, height } = answer.field;
  return { node: [over(photo.src, [0, 0, w, h], `<rect class="edge" x="${x0}" y="${y0}" width="${x1 - x0}"
    height="${y1 - y0}"/><circle class="dot" cx="${(x0 + x1) / 2}" cy="${(y0 + y1) / 2}" r="2"/>`)],
  values: { cell, width, height } };
}

async function film() {
  const answer = await ask('film', { joint: state.joint });
  const strip = answer?.sides?.find((side) => side.frames?.some((frame) => frame.kind === 'probe'));
  if (!answer || answer.error || !strip) return null;
  const shown = [strip.frames[0], /** @type {import('../schema').Still} */ (strip.frames.at(-1))];
  return { node: shown.map((frame) => make('figure', {}, canvas(frame.map, { label: frame.name }),
    caption(frame.name, say(`xray.${frame.kind}`)))), values: { joint: state.joint } };
}

/** @param {Term} term */
async function body({ picture }) {
  const answer = await ask('body'), photo = state.seen;
  if (!answer || answer.error || !photo || answer.torso === null) return null;
  const { torso, joints, ends: [a, b], seen: [x0, y0, x1, y1] } = answer, unit = Math.max(x1 - x0, y1 - y0) / 160;
  const dots = joints.map(({ x, y }) => `<circle class="dot" cx="${x}" cy="${y}" r="${1.2 * unit}"/>`).join('');
  const ring = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ r) =>
    `<circle class="edge" cx="${x}" cy="${y}" r="${r}"/>`;
  /** @type {Record<string, string>} */
  const drawn = {
    torso: `<path class="edge" d="M${a}L${b}"/>`,
    pck: joints.map(({ x, y }) => ring(x, y, 0.2 * torso)).join(''),
    oks: joints.map(({ x, y, half }) => (half === null ? '' : ring(x, y, half))).join(''),
  };
  return { node: [over(photo.src, [x0, y0, x1 - x0, y1 - y0], drawn[picture] + dots)],
    values: { network: state.sides[0].title, torso } };
}

/** @param {string} src @param {number[]} view @param {string} drawn */
function over(src, view, drawn) {
  const node = make('div', { class: 'term-photo', style: `--ratio:${view[2] / view[3]}` },
    make('img', { src, alt: '' }));
  node.insertAdjacentHTML('beforeend', `<svg viewBox="${view.join(' ')}" aria-hidden="true">${drawn}</svg>`);
  return node;
}
