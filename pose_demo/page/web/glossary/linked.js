// Every word of the glossary, wherever it stands on the page: underlined, and found under the pointer. Nothing is
// written into the page: it belongs to others, who draw it anew at any time.
import { on } from '../store.js';
import { say } from '../words.js';
import { TERMS } from './terms.js';

/** What does something else when it is clicked, or is no text for people. */
const NOT = 'a, button, input, select, textarea, summary, label, svg, math, pre, code, script, style, [role=button],' +
  ' [role=tab], [role=radio], [role=slider], [contenteditable=true], .js-plotly-plot';
const LATER = 250; // milliseconds after the last change

/** @type {Map<Text, { from: number, to: number, id: string }[]>} */
let found = new Map();
let words = /(?!)/giu;

/** The terms' words as one expression, a group a term. @param {string[]} each "one|other", a term */
export function expression(each) {
  const latin = (/** @type {string} */ text) => (/^[\w ]+$/.test(text) ? `\\b${text}\\b` : text);
  return new RegExp(each.map((all) => `(${all.split('|').map(latin).join('|')})`).join('|'), 'giu');
}

/** @param {string} text @param {RegExp} wanted @returns {{ from: number, to: number, term: number }[]} */
export const places = (text, wanted) => [...text.matchAll(wanted)].map((match) => ({ from: match.index,
  to: match.index + match[0].length, term: match.slice(1).findIndex((group) => group !== undefined) }));

function scan() {
  found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    (node instanceof Element ? (node.matches(NOT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP)
      : NodeFilter.FILTER_ACCEPT));
  /** @type {Range[]} */
  const ranges = [];
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode), here = places(node.data, words);
    if (!here.length) continue;
    found.set(node, here.map(({ from, to, term }) => ({ from, to, id: TERMS[term].id })));
    ranges.push(...here.map(({ from, to }) => range(node, from, to)));
  }
  if (typeof Highlight !== 'undefined') CSS.highlights.set('glossary', new Highlight(...ranges));
}

/** @param {Text} node @param {number} from @param {number} to */
function range(node, from, to) {
  const result = document.createRange();
  result.setStart(node, from);
  result.setEnd(node, to);
  return result;
}

/** The term under the pointer. @param {{ clientX: number, clientY: number, target: EventTarget | null }} event */
export function under({ clientX: x, clientY: y, target }) {
  if (!(target instanceof Element) || target.closest(NOT)) return null;
  const at = document.caretRangeFromPoint?.(x, y), node = at?.startContainer;
  const near = (node instanceof Text && found.get(node)) || [];
  return near.find(({ from, to }) => [...range(/** @type {Text} */ (node), from, to).getClientRects()].some((box) =>
    x >= box.left && x <= box.right && y >= box.top && y <= box.bottom))?.id ?? null;
}

/** @param {HTMLDialogElement} sheet the glossary: while it is open, the page behind it is not looked at */
export function listen(sheet) {
  let waits = 0, drawn = 0;
  const later = () => {
    clearTimeout(waits);
    waits = setTimeout(scan, LATER);
  };
  const speak = () => {
    words = expression(TERMS.map(({ id }) => say(`glossary.${id}.words`)));
    later();
  };
  speak();
  on(['language'], speak);
  new MutationObserver(later).observe(document.body, { childList: true, characterData: true, subtree: true });
  document.addEventListener('pointermove', (event) => {
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(() => {
      const inside = !sheet.open || (event.target instanceof Node && sheet.contains(event.target));
      document.body.classList.toggle('on-term', inside && under(event) !== null);
    });
  });
}
