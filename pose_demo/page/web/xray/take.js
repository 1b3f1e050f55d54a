// Take it away: pictures are made in the browser from what is on the page, files by the server.
import { bytes } from '../colour.js';
import { button, make, refill, select } from '../dom.js';
import { follow } from '../link.js';
import { on, state } from '../store.js';
import { say, tell, word } from '../words.js';
import { card, filled } from './part.js';
import { frozen } from './picture.js';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const { node, heading } = card(root, 'take');
  const row = make('div', 'take-row'), said = make('p', { class: 'foot said', role: 'status', 'aria-live': 'polite' });
  node.append(row, said);
  let times = 2, view = '';

  on(['key', 'pin', 'joint', 'matters', 'gradient', 'language'], () => {
    if (!state.key) return;
    node.hidden = false;
    heading.textContent = say('xray.take');
    const views = /** @type {[string, string][]} */ ([
      ...state.sides.flatMap((side, k) => (side.svg ? [[`map${k}`, side.title]] : [])),
      ...(state.pin ? [['dock', say('xray.computation')]] : []),
      ...(state.matters ? [['matters', say('xray.matters_title')]] : []),
      ...(state.gradient ? [['gradient', say('xray.gradient_title')]] : []),
      ['beside', say('xray.beside_short')], ['lower', say('page.table')],
      ['heat', say('page.heatmaps', { joint: word('joint', state.joint) })], ['film', say('xray.film_short')],
      ['story', say('xray.story_short')], ['costs', say('xray.costs')]]);
    if (!views.some(([name]) => name === view)) view = views[0][0];
    const act = (/** @type {string} */ id, /** @type {string} */ text, /** @type {() => void} */ does) =>
      button(text, does, { 'data-take': id });
    const map = state.pin?.cell === 'input' ? null : state.pin, cell = map ? ` (${map.cell})` : '';
    refill(row, () => row.replaceChildren(
      select(views, view, (to) => { view = to ?? ''; }, { class: 'take-view', 'aria-label': say('xray.take_png') }),
      select([1, 2, 4].map((k) => [String(k), say('xray.times', { times: k })]), times,
        (to) => { times = Number(to); }, { class: 'times', 'aria-label': say('xray.zoom') }),
      act('png', say('xray.take_png'), picture),
      ...state.sides.flatMap((side, k) => (side.svg
        ? [act(`svg${k}`, `${say('xray.take_svg')}: ${side.title}`, () => file('svg', { side: k }))] : [])),
      act('json', say('xray.take_json'), () => file('json')),
      act('npz', say('xray.take_npz') + cell, () => file('npz', map ?? {})),
      act('report', say('xray.take_report'), () => file('report',
        { ...state.pin, against: state.against, threshold: state.threshold })),
      act('link', say('xray.take_link'), copy)));
  });

  /** @param {'svg' | 'json' | 'npz' | 'report'} what @param {Partial<import('../schema').Question>} [more] */
  async function file(what, more) {
    const answer = await wire.ask('export', { what, ...more });
    if (!answer) return;
    said.textContent = answer.error ? tell(answer.error) : answer.name;
    if (!answer.error) save(new Blob([bytes(answer.data)], { type: answer.type }), answer.name);
  }
  async function picture() {
    const map = view.startsWith('map') ? `.map-card[data-side="${view.slice(3)}"]` : `.${view}`;
    const shown = /** @type {HTMLElement | null} */ (document.querySelector(`#xray-box ${map}`));
    said.textContent = say('xray.computing');
    await new Promise((seen) => requestAnimationFrame(() => setTimeout(seen))); // the page stands still meanwhile
    let name = '';
    const sheet = shown && (await filled(shown).then(() => {
      name = called(view); // of what is on the page now, whatever comes while it is drawn
      const bars = view === 'costs' && document.getElementById('xray-bars'); // Gradio's, beside its card
      return bars ? Promise.all([shown, bars].map((each) => frozen(each, times))).then(stacked) : frozen(shown, times);
    }).catch(() => null));
    if (!sheet) return void (said.textContent = say('xray.failed'));
    sheet.toBlob((blob) => { if (blob) save(blob, name); });
    said.textContent = `${sheet.width}×${sheet.height}`;
  }
  async function copy() {
    const address = follow();
    try {
      await navigator.clipboard.writeText(address);
    } catch { /* the address bar has it */ }
    said.textContent = `${say('xray.copied')} ${address}`;
  }
}

/** One picture under the other. @param {HTMLCanvasElement[]} sheets */
function stacked(sheets) {
  const high = (/** @type {typeof sheets} */ some) => some.reduce((sum, one) => sum + one.height, 0);
  const whole = make('canvas', { width: Math.max(...sheets.map((one) => one.width)), height: high(sheets) });
  sheets.forEach((one, k) => whole.getContext('2d')?.drawImage(one, 0, high(sheets.slice(0, k))));
  return whole;
}

/** A picture's name, as answers/files.py tells a file's: the photo, what was asked of whom, what is seen.
 * @param {string} view */
export function called(view) {
  const map = view.startsWith('map') ? Number(view.slice(3)) : null, cuts = state.cuts.map(Object.keys).flat().length;
  const seen = map !== null ? 'drawing' : view === 'dock' ? `${state.pin?.cell}_${state.view}` : view;
  const joint = ['heat', 'film', 'story', 'matters'].includes(view) ? state.joint : null;
  const parts = [state.name, map === null ? [...new Set(state.networks)].join('+') : state.networks[map],
    state.own && state.own !== state.stop ? `${state.stop}+${state.own}` : state.stop, cuts ? `${cuts}-cut` : null,
    seen, joint];
  return `${parts.filter(Boolean).join('_').replace(/[^\p{L}\p{N}_.+-]+/gu, '-').slice(0, 120)}.png`;
}

/** @param {Blob} blob @param {string} name */
function save(blob, name) {
  const address = URL.createObjectURL(blob);
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
