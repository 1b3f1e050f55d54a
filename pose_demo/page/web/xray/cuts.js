// What is cut: by a click on an arrow or from a cell's bar, drawn broken, listed, undone one by one or all at once.
import { button, make, select, toggled } from '../dom.js';
import { on, state } from '../store.js';
import { say, word } from '../words.js';
import { section } from './maps.js';

/** @typedef {import('../channel.js').Wire} Wire */

/** Asks for a pass with other places, another stop of the right network's, or other cuts.
 * @param {Wire} wire @param {Partial<import('../schema').Setup>} changes */
export const setUp = (wire, changes) =>
  wire.send('setup', { scope: state.scope, own: state.own, cuts: state.cuts, ...changes });

let how = 'zero';

/** @param {Wire} wire @param {number} side @param {string} place */
export const cut = (wire, side, place) =>
  setUp(wire, { cuts: toggled(state.cuts, side, place, state.cuts[side][place] ?? how) });

/** A button that cuts an arrow of the drawing, or mends it, for who does not point; null where none is drawn.
 * @param {Wire} wire @param {number} side @param {string} source @param {string} target */
export function scissors(wire, side, source, target) {
  const drawn = `[data-side="${side}"] .hit[data-from="${CSS.escape(source)}"][data-to="${CSS.escape(target)}"]`;
  const hit = /** @type {SVGElement | null} */ (section.querySelector(drawn)), broken = hit?.dataset.cut;
  const place = broken ?? `${source}->${target}`, label = say(broken ? 'xray.mend' : 'xray.cut', { place });
  return hit && button('✂', () => cut(wire, side, place),
    { class: 'plain scissors', 'aria-pressed': Boolean(broken), 'aria-label': label, title: label });
}

/** @param {HTMLElement} root @param {Wire} wire */
export function start(root, wire) {
  const list = make('div', { class: 'cuts', hidden: '', role: 'group', 'aria-live': 'polite' });
  const note = make('span', 'foot');
  const flat = () => { // a word of the literature is near, and means something else
    const some = how === 'flat' || state.cuts.some((own) => Object.values(own).includes('flat'));
    note.textContent = say('xray.cut_note') + (some ? ` ${say('xray.cut_flat')}` : '');
  };
  root.querySelector('.xray-sticky')?.append(list);

  on(['key', 'language'], () => {
    if (!state.key) return;
    const all = state.cuts.flatMap((own, side) => Object.entries(own).map(([place, way]) => ({ side, place, way })));
    list.hidden = !all.length;
    list.replaceChildren(make('b', {}, say('xray.cuts')), ...all.map(({ side, place, way }) =>
      button(`${state.sides[side].title.split(' (')[0]}: ${place} (${word('cut', way)}) ✕`,
        () => setUp(wire, { cuts: toggled(state.cuts, side, place, way) }), { class: 'plain cut-one' })),
    button(say('xray.undo_all'), () => setUp(wire, { cuts: [{}, {}] }), { class: 'plain undo-all' }),
    make('label', 'foot', `${say('xray.cut_how')} `, select(['zero', 'flat'].map((each) => [each, word('cut', each)]),
      how, (to) => {
        how = to ?? 'zero';
        flat();
      })), note);
    flat();
    section.querySelectorAll('.map-scroll').forEach((scroll, side) => {
      const k = Number(/** @type {HTMLElement} */ (scroll).dataset.side ?? side);
      for (const arrow of /** @type {NodeListOf<SVGElement>} */ (scroll.querySelectorAll('.arrow[data-from]'))) {
        mark(arrow, k);
      }
    });
  });

  // An arrow is a thin thing: a wide one that is not seen lies under the pointer.
  function mark(/** @type {SVGElement} */ arrow, /** @type {number} */ side) {
    const { from = '', to = '', cut: broken } = arrow.dataset, place = broken ?? `${from}->${to}`;
    if (from === 'input' || arrow.nextElementSibling?.matches('.hit')) return;
    const hit = /** @type {SVGElement} */ (arrow.cloneNode());
    hit.setAttribute('class', 'hit');
    hit.removeAttribute('marker-end');
    hit.addEventListener('click', () => cut(wire, side, place));
    hit.append(document.createElementNS('http://www.w3.org/2000/svg', 'title'));
    /** @type {Element} */ (hit.firstElementChild).textContent = say(broken ? 'xray.mend' : 'xray.cut', { place });
    arrow.after(hit);
  }
}
