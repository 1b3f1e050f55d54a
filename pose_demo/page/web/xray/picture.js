// Any part of the page as pixels: its elements with all their looks, in an SVG, in a canvas. What can be scrolled to
// on the page is in the picture too.
import { make } from '../dom.js';

/** What moves a drawing about that is whole in the picture. */
const LEFT_OUT = '.overview';

/** @param {HTMLElement} node @param {number} times as large @returns {Promise<HTMLCanvasElement>} */
export async function frozen(node, times) {
  if (!NAMES.length) NAMES.push(...[...getComputedStyle(node)].filter(still));
  const copy = /** @type {HTMLElement} */ (copied(node, [], bareLooks(node)));
  const sheet = make('div', { style: `position:absolute;left:0;top:0;visibility:hidden;width:${node.offsetWidth}px` });
  const root = sheet.attachShadow({ mode: 'open' }); // out of the page's style sheets
  copy.style.cssText += `;position:relative;inset:auto;margin:0;max-height:none;height:auto;overflow:visible;
    transform:none`;
  root.append(copy);
  document.body.append(sheet);
  const width = Math.ceil(copy.scrollWidth) + 1, height = Math.ceil(copy.offsetHeight) + 1;
  sheet.remove();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * times}" height="${height * times}"
    viewBox="0 0 ${width} ${height}"><foreignObject width="${width}" height="${height}">${
    new XMLSerializer().serializeToString(copy)}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const result = make('canvas', { width: width * times, height: height * times });
  const pen = /** @type {CanvasRenderingContext2D} */ (result.getContext('2d'));
  pen.fillStyle = getComputedStyle(document.body).backgroundColor;
  pen.fillRect(0, 0, result.width, result.height);
  pen.drawImage(image, 0, 0);
  return result;
}

/** @typedef {string[]} Looks the values of NAMES */

/** Every property of what stands still, each by one of its names; and of which the value is always said: the width of a
 * border is 0 of a bare element, but not of one that has a style.
 * @type {string[]} */
const NAMES = [];
const said = (/** @type {string} */ name) => name.endsWith('-width');
const still = (/** @type {string} */ name) =>
  !/^(animation|transition|scroll|overscroll|view|page|timeline|offset)|-(inline|block)(-|$)/.test(name);

/** @param {Element} node @param {string} [part] @returns {Looks} */
function looks(node, part) {
  const found = getComputedStyle(node, part);
  return NAMES.map((name) => found.getPropertyValue(name));
}

/** What in a drawing has from its place alone, and as attributes that are copied anyway. */
const PLACED = /^(x|y|width|height|d|cx|cy|rx|ry|r|(inline|block)-size|(transform|perspective)-origin)$/;
const MEANT = /^(class|style|fill|stroke|opacity|font|visibility|hidden|marker|transform|mask|clip)/;

/** As `looks`; in a drawing hundreds of shapes look as one does that was asked: the same in all but their places.
 * @param {Element} element @param {Looks} above its parent's @param {Map<Looks, Map<string, Looks>>} known
 * @returns {Looks} */
function looksOf(element, above, known) {
  if (!(element instanceof SVGElement && element.ownerSVGElement) || element.matches('text, tspan')) {
    return looks(element);
  }
  const siblings = known.get(above) ?? known.set(above, new Map()).get(above) ?? new Map();
  const key = [element.tagName, ...[...element.attributes].filter(({ name }) => MEANT.test(name))
    .map(({ name, value }) => `${name}=${value}`)].join('|');
  const found = siblings.get(key) ?? looks(element).map((value, k) => (PLACED.test(NAMES[k]) ? '' : value));
  siblings.set(key, found);
  return found;
}

/** How elements of each kind that are in a node look where nobody styled them. @param {Element} node */
function bareLooks(node) {
  const host = make('div', { style: 'all:initial' }), root = host.attachShadow({ mode: 'open' });
  const kinds = new Map([make('span'), node, ...node.querySelectorAll('*')].map((one) => [one.tagName, one]));
  const samples = [...kinds.values()].map((one) => document.createElementNS(one.namespaceURI, one.localName));
  root.append(...samples);
  document.body.append(host);
  const found = new Map(samples.map((one) => [one.tagName, looks(one)]));
  host.remove();
  return found;
}

/** A copy with its looks as its own: those that differ from a bare element's or from what it would inherit.
 * @param {Element} source @param {Looks} above its parent's @param {Map<string, Looks>} bare
 * @param {Map<Looks, Map<string, Looks>>} [known] @returns {Element} */
function copied(source, above, bare, known = new Map()) {
  const own = looksOf(source, above, known), style = written(own, bare.get(source.tagName), above) + whole(source);
  if (source instanceof HTMLCanvasElement) return make('img', { src: source.toDataURL(), alt: '', style });
  const copy = /** @type {Element} */ (source.cloneNode(false));
  copy.setAttribute('style', style);
  const inside = [...source.childNodes].flatMap((child) => {
    if (!(child instanceof Element)) return [child.cloneNode()];
    return child.matches(LEFT_OUT) || getComputedStyle(child).display === 'none' ? []
      : [copied(child, own, bare, known)];
  });
  copy.append(...pseudo(source, '::before', own, bare), ...inside, ...pseudo(source, '::after', own, bare));
  if (copy instanceof HTMLSelectElement && source instanceof HTMLSelectElement) {
    copy.options[source.selectedIndex]?.setAttribute('selected', '');
  }
  return copy;
}

/** @param {Looks} own @param {Looks | undefined} bare @param {Looks} above */
const written = (own, bare, above) => NAMES.map((name, k) => (
  own[k] !== '' && (said(name) || own[k] !== bare?.[k] || own[k] !== above[k]) ? `${name}:${own[k]};` : '')).join('');

/** What scrolls, as large as what is in it. @param {Element} source */
function whole(source) {
  const { overflowX, overflowY } = getComputedStyle(source);
  if (!(source instanceof HTMLElement) || !/auto|scroll/.test(overflowX + overflowY)) return '';
  return `overflow:visible;max-height:none;max-width:none;width:${source.scrollWidth}px;height:${
    source.scrollHeight}px;`;
}

/** @param {Element} source @param {string} part @param {Looks} above @param {Map<string, Looks>} bare */
function pseudo(source, part, above, bare) {
  if (!(source instanceof HTMLElement)) return [];
  const { content } = getComputedStyle(source, part);
  if (content === 'none' || content === 'normal') return [];
  const style = written(looks(source, part), bare.get('SPAN'), above);
  return [make('span', { style }, content.replace(/^"|"$/g, ''))];
}
