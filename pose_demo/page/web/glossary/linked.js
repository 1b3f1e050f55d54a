// Every word of the glossary, wherever it stands on the page: underlined, and found under the pointer; in what has a
// click of its own, by a key. Nothing is written into the page: it belongs to others, who draw it anew at any time.
import { on } from '../store.js';
import { say } from '../words.js';
import { TERMS } from './terms.js';

/** What does something else when it is clicked, or is no text for people. */
const NOT = 'a, button, input, select, textarea, summary, label, svg, math, pre, code, script, style, [role=button],' +
  ' [role=tab], [role=radio], [role=slider], [contenteditable=true], .js-plotly-plot';
/** Texts of a drawing that no click of its own lies over: a network's labels, a figure's titles. */
const DRAWN = '.xmap text, .js-plotly-plot :is(.gtitle, .xtitle, .ytitle, .annotation-text)';
/** What has a click of its own, or a text that is not found by its place. */
const OWN = 'a, button, summary, label, legend, text, [role=tab], [role=radio], [role=button]';
const LATER = 250; // milliseconds after the last change

/** @type {Map<Text, { from: number, to: number, id: string }[]>} */
let found = new Map();
/** @type {{ node: Element, id: string }[]} */
let labels = [];
let words = /(?!)/giu;
/** Where the pointer was last. @type {{ clientX: number, clientY: number, target: EventTarget | null }} */
let pointer = { clientX: 0, clientY: 0, target: null };

/** The terms' words as one expression, a group a term. @param {string[]} each "one|other", a term */
export function expression(each) {
  const latin = (/** @type {string} */ text) => (/^[\w ]+$/.test(text) ? `\\b${text}\\b` : text);
  return new RegExp(each.map((all) => `(${all.split('|').map(latin).join('|')})`).join('|'), 'giu');
}

/** @param {string} text @param {RegExp} wanted @returns {{ from: number, to: number, term: number }[]} */
export const places = (text, wanted) => [...text.matchAll(wanted)].map((match) => ({ from: match.index,
  to: match.index + match[0].length, term: match.slice(1).findIndex((group) => group !== undefined) }));

/** The first term of a text. @param {string | null | undefined} text */
function termIn(text) {
  const [place] = places(text ?? '', words);
  return place ? TERMS[place.term].id : null;
}

function scan() {
  labels = [...document.querySelectorAll(DRAWN)].flatMap((node) => {
    const id = termIn(node.textContent);
    return id ? [{ node, id }] : [];
  });
  found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) =>
    (node instanceof Element ? (node.matches(NOT) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP)
      : NodeFilter.FILTER_ACCEPT));
  /** @type {Range[]} */
  const ranges = [];
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode), near = places(node.data, words);
    if (!near.length) continue;
    found.set(node, near.map(({ from, to, term }) => ({ from, to, id: TERMS[term].id })));
    ranges.push(...near.map(({ from, to }) => range(node, from, to)));
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

/** @param {DOMRect} box @param {number} x @param {number} y */
const inside = (box, x, y) => x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;

/** The text at a place. @param {number} x @param {number} y */
function textAt(x, y) {
  if (document.caretPositionFromPoint) return document.caretPositionFromPoint(x, y)?.offsetNode;
  return document.caretRangeFromPoint?.(x, y)?.startContainer;
}

/** The term under the pointer. @param {typeof pointer} event */
export function under({ clientX: x, clientY: y, target }) {
  if (!(target instanceof Element)) return null;
  if (target.closest('.map-scroll, .js-plotly-plot') && !target.closest('.cell, .hit')) {
    return labels.find(({ node }) => inside(node.getBoundingClientRect(), x, y))?.id ?? null;
  }
  if (target.closest(NOT)) return null;
  const node = textAt(x, y), near = (node instanceof Text && found.get(node)) || [];
  return near.find(({ from, to }) => [...range(/** @type {Text} */ (node), from, to).getClientRects()].some((box) =>
    inside(box, x, y)))?.id ?? null;
}

/** The term that one is at, for a key: selected, in what has the focus, or under the pointer, in a button too. */
export function here() {
  const said = (/** @type {Element | null | undefined} */ node) => termIn(node?.closest(OWN)?.textContent);
  const at = pointer.target instanceof Element ? pointer.target : null;
  return termIn(String(getSelection())) ?? said(document.querySelector(':focus-visible')) ?? under(pointer) ?? said(at);
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
    pointer = event;
    cancelAnimationFrame(drawn);
    drawn = requestAnimationFrame(() => {
      const may = !sheet.open || (event.target instanceof Node && sheet.contains(event.target));
      document.body.classList.toggle('on-term', may && under(event) !== null);
    });
  });
}
