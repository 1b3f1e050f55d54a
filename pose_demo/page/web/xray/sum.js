// What adds up to a cell: its terms, their shares, the sum.
import { figure, legend, numbers } from '../colour.js';
import { link, make, refill, select } from '../dom.js';
import { on, set, state } from '../store.js';
import { channelName, number, say, tell } from '../words.js';
import { scissors } from './cuts.js';
import { find, section, walk } from './maps.js';
import { trouble } from './part.js';
import { look as seen, reading } from './pixels.js';

/** "stage3.module1.branch1.from0" -> "branch1.from0": the head line says where one is. @param {string} name */
export const short = (name) => name.split('.').slice(-2).join('.');

/** @type {{ answer: import('../schema').SumAnswer, pin: import('../schema').Pin } | null} */
let shown = null;

on(['pixel'], () => {
  const old = section.querySelector('.equation');
  if (old && shown && shown.pin === state.pin) old.replaceWith(equation(shown.answer, shown.pin));
});

/** @type {Record<string, string>} */
const TITLES = { head: 'head_title', sum: 'plus' };
/** @param {import('../schema').Said[]} steps */
const through = (steps) => steps.map(tell).join(' → ');

/** @type {import('./inspector.js').Tab} */
export async function sum(body, cell, wire) {
  const { pin, channel } = state;
  if (!pin) return;

  if (!cell.sum) return void body.replaceChildren(make('p', {}, say('xray.plain')), made(cell.made ?? [], pin, wire));
  const answer = await wire.ask('sum', { ...pin, channel });
  if (!answer || trouble(body, answer)) return;
  shown = { answer, pin };
  if (answer.channel !== null && answer.kind !== 'head') { // what goes on, as the energy that is said beside it
    seen(pin, answer.channel, answer.cut ?? answer.after ?? answer.total);
  }
  const said = make('span', 'value'), look = { diverging: true, say: said };
  const sign = (/** @type {string} */ text) => make('span', 'sign', text);
  const terms = answer.terms.flatMap((one, k) => [...(k ? [sign('+')] : []), term(one, pin, wire)]);
  const then = (/** @type {import('../schema').NumberMap | null} */ map, /** @type {string} */ why,
    /** @type {string} */ caption) => (map
    ? [sign(`→ ${why} →`), make('div', 'term', figure(map, caption, look))] : []);
  const after = [...then(answer.after, say('xray.relu_follows'), short(pin.cell).split('.').at(-1) ?? ''),
    ...then(answer.cut, say('xray.cut_here'), say('xray.cut_goes_on'))];
  /** @type {[string | null, string][]} */
  const each = Array.from({ length: answer.channels }, (_, k) => [String(k), channelName(k, cell.names)]);
  const chooser = select([['-1', say('xray.all_channels')], ...each], answer.channel ?? -1, (to) => {
      set({ channel: Number(to) });
      sum(body, cell, wire);
    }, { class: 'sum-channel', 'aria-label': say('xray.channels') });
  refill(body, () => body.replaceChildren(
    make('div', 'sum-head', make('b', {}, say(`xray.${TITLES[answer.kind] ?? answer.kind}`, answer)),
      ...(answer.kind === 'head' ? [] : [chooser]), said, legend(answer.total.low, answer.total.high, true)),
    make('div', 'sum', ...terms, sign('='), make('div', 'term total', figure(answer.total, say('xray.sum'), look)),
      ...after), equation(answer, pin), make('p', 'foot', say('xray.share_note', { error: answer.missed }))));
}

/** The sum at the place that is pinned, with its numbers. @param {import('../schema').SumAnswer} answer
 * @param {import('../schema').Pin} pin */
function equation({ terms, total, after, cut: gone }, pin) {
  const at = state.pixel && reading(pin, state.pixel);
  if (!at) return make('p', 'foot equation', say('xray.pin_pixel'));
  const value = (/** @type {import('../schema').NumberMap} */ map) => numbers(map)[at.y * map.w + at.x];
  const signed = (/** @type {number} */ v, /** @type {number} */ k) => { // the first has no plus: 0.20 − 0.64 + 0.77
    const size = number(Math.abs(v), '.2f'), minus = v < 0 && Number(size) > 0;
    return k ? `${minus ? '−' : '+'} ${size}` : `${minus ? '−' : ''}${size}`;
  };
  const sides = terms.map(({ name, label, map, source }, k) => link(signed(value(map), k), () => walk(pin.side, source),
    { title: label ? tell(label) : short(name) }));
  return make('p', 'equation', make('span', 'foot', `(${at.x}, ${at.y}): `), ...sides.flatMap((each) => [each, ' ']),
    make('b', {}, `= ${signed(value(total), 0)}`), ...(after ? [` → ReLU → ${number(value(after), '.2f')}`] : []),
    ...(gone ? [` → ${say('xray.cut_goes_on')} ${signed(value(gone), 0)}`] : []));
}

/** @param {import('../schema').Term} term @param {import('../schema').Pin} pin
 * @param {import('./part.js').Wire} wire */
function term({ name, label, share, map, before, source, steps }, { side, cell }, wire) {
  const node = make('div', 'term'), look = { diverging: true };
  const after = figure(map, label ? tell(label) : short(name), { ...look, class: 'stretch' });
  if (before) {
    const size = `${before.h}×${before.w}`;
    const small = figure(before, say('xray.before_enlarged', { size }), { ...look, class: 'before' });
    /** @type {HTMLElement} */ (small.firstElementChild).style.width = `${(138 * before.w) / map.w}px`;
    node.append(make('div', 'stretched', small, make('span', 'sign', '→'), after));
  } else node.append(after);
  node.append(make('span', { class: 'share', style: `--share:${share}` }, say('xray.share', { share })));
  if (steps.length) node.append(make('span', 'foot', through(steps)));
  if (source !== cell && find({ side, cell: source })) {
    node.append(make('span', {}, link(`← ${short(source)}`, () => walk(side, source)), ' ',
      scissors(wire, side, source, cell) ?? ''));
  }
  return node;
}

/** @param {import('../schema').Made[]} edges @param {import('../schema').Pin} pin
 * @param {import('./part.js').Wire} wire */
function made(edges, { side, cell }, wire) {
  return make('ul', 'made', ...edges.map(({ source, steps }) => make('li', {}, `${say('xray.made_from')} `,
    link(source, () => walk(side, source)), steps.length ? `: ${through(steps)} ` : ' ',
    scissors(wire, side, source, cell) ?? '')));
}
