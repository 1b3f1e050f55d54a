// What is cut: by a click on an arrow or from a cell's bar, drawn broken, listed, undone one by one or all at once.
import { button, make, refill, select, toggled } from '../dom.js';
import { on, state } from '../store.js';
import { say, short, word } from '../words.js';
import { setUp, wanted } from './asked.js';
import { section } from './maps.js';

/** @typedef {import('../channel.js').Wire} Wire */

/** What stands at a cut instead: "patch:garden" is the map of the example of that name. @param {string} way */
const told = (way) => (way.startsWith('patch:')
  ? say('cut.patch_of', { title: say(`example.${way.slice('patch:'.length)}.title`) }) : word('cut', way));

/** @param {Wire} wire @param {number} side @param {string} place */
export function cut(wire, side, place) {
  const { cuts } = wanted();
  setUp(wire, { cuts: toggled(cuts, side, place, cuts[side][place] ?? 'zero') });
}
/** Mends it, if nobody did meanwhile. @param {Wire} wire @param {number} side @param {string} place */
const mend = (wire, side, place) => (wanted().cuts[side][place] ? cut(wire, side, place) : undefined);

/** Cuts it in another way. @param {Wire} wire @param {number} side @param {string} place @param {string} way */
function instead(wire, side, place, way) {
  const { cuts } = wanted(), now = cuts[side][place];
  if (now && now !== way) setUp(wire, { cuts: toggled(cuts, side, place, way) });
}

/** A button that cuts an arrow of the drawing, or mends it, for who does not point; null where none is drawn.
 * @param {Wire} wire @param {number} side @param {string} source @param {string} target */
export function scissors(wire, side, source, target) {
  const drawn = `[data-side="${side}"] .hit[data-from="${CSS.escape(source)}"][data-to="${CSS.escape(target)}"]`;
  const hit = /** @type {SVGElement | null} */ (section.querySelector(drawn)), broken = hit?.dataset.cut;
  const place = broken ?? `${source}->${target}`, label = say(broken ? 'xray.mend' : 'xray.cut', { place });
  return hit && button('✂', () => cut(wire, side, place),
    { class: 'plain scissors', 'data-arrow': `${source}->${target}`, 'aria-pressed': Boolean(broken),
      'aria-label': label, title: label });
}

/** @param {HTMLElement} root @param {Wire} wire */
export function start(root, wire) {
  const list = make('div', { class: 'cuts', hidden: '', role: 'group', 'aria-live': 'polite' });
  const note = make('span', 'foot');
  root.querySelector('.xray-sticky')?.append(list);
  const ways = () => ['zero', 'flat', ...(state.examples ?? []).map((name) => `patch:${name}`)]
    .map((way) => /** @type {[string, string]} */ ([way, told(way)]));

  on(['key', 'language'], show);
  on(['work'], () => { if (state.work === 'none') show(); }); // what was refused is not what the list says

  function show() {
    if (!state.key) return;
    const all = state.cuts.flatMap((own, side) => Object.entries(own).map(([place, way]) => ({ side, place, way })));
    list.hidden = !all.length;
    const some = (/** @type {string} */ kind) => all.some(({ way }) => way.startsWith(kind));
    note.textContent = [say('xray.cut_note'), // near flat is a word of the literature that means something else
      ...(some('flat') ? [say('xray.cut_flat')] : []), ...(some('patch:') ? [say('xray.cut_patch')] : [])].join(' ');
    const one = (/** @type {typeof all[0]} */ { side, place, way }) => {
      const title = `${short(state.sides[side].title)}: ${place}`;
      return make('span', 'cut-one', button(`${title} ✕`, () => mend(wire, side, place)),
        make('label', 'foot', ` ${say('xray.cut_how')} `, select(ways(), way,
          (to) => instead(wire, side, place, to ?? 'zero'),
          { 'data-cut': `${side}:${place}`, 'aria-label': `${title}, ${say('xray.cut_how')}` })));
    };
    refill(list, () => list.replaceChildren(make('b', {}, say('xray.cuts')), ...all.map(one),
      button(say('xray.undo_all'), () => setUp(wire, { cuts: [{}, {}] }), { class: 'plain undo-all' }), note));
    section.querySelectorAll('.map-scroll').forEach((scroll, side) => {
      const k = Number(/** @type {HTMLElement} */ (scroll).dataset.side ?? side);
      for (const arrow of /** @type {NodeListOf<SVGElement>} */ (scroll.querySelectorAll('.arrow[data-from]'))) {
        mark(arrow, k);
      }
    });
  }

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
