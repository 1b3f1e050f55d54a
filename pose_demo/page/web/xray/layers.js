// Any unit opened in its place to its layers, each with its map; and closed again.
import { figure } from '../colour.js';
import { button, make } from '../dom.js';
import { on } from '../store.js';
import { say, tell } from '../words.js';
import { find, section } from './maps.js';
import { trouble } from './part.js';

const panel = make('div', { class: 'layers', hidden: '', role: 'dialog', tabindex: '-1' });
/** @type {import('../schema').Pin | null} */
let shown = null;

/** @param {import('../schema').Pin} pin @param {import('./part.js').Wire} wire @param {boolean} [focus] goes there */
export async function open(pin, wire, focus = true) {
  const answer = await wire.ask('layers', pin), cell = find(pin), frame = cell?.closest('.map-frame');
  if (!answer || !cell || !(frame instanceof HTMLElement)) return;
  const close = button('✕', () => shut(true), { 'aria-label': say('xray.close') }), body = make('div', 'layer-row');
  shown = pin;
  panel.setAttribute('aria-label', say('xray.layers', { cell: pin.cell }));
  panel.replaceChildren(make('div', 'layer-head', make('b', {}, say('xray.layers', { cell: pin.cell })), close), body,
    make('p', 'foot', say('xray.layers_note')));
  if (!trouble(body, answer)) {
    body.append(...answer.layers.flatMap((one, k) => [...(k ? [make('span', 'sign', one.sign)] : []),
      figure(one.map, `${tell(one.what)} ${one.shape.join('×')}`)]));
  }
  frame.append(panel);
  panel.hidden = false;
  const at = cell.getBoundingClientRect(), box = frame.getBoundingClientRect();
  panel.style.top = `${at.bottom - box.top + 6}px`;
  panel.style.left = `${Math.max(0, Math.min(at.left - box.left - 20, box.width - panel.offsetWidth - 4))}px`;
  if (focus) panel.focus({ preventScroll: true });
}

/** @param {boolean} [back] the focus goes to the cell */
export function shut(back = false) {
  const cell = shown && back ? find(shown) : null;
  panel.hidden = true;
  shown = null;
  cell?.focus({ preventScroll: true });
}

/** @param {HTMLElement} _root @param {import('./part.js').Wire} wire */
export function start(_root, wire) {
  section.append(panel);
  on(['key', 'language'], () => { if (shown) open(shown, wire, panel.contains(document.activeElement)); });
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    shut(true);
  });
}
