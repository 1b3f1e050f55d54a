// A beside B: both skeletons under one wipe; of one network on both sides, what moves and where its maps differ.
import { button, link, make, shape } from '../dom.js';
import { speakOf } from '../overlay.js';
import { on, set, state } from '../store.js';
import { number, say, tell, word } from '../words.js';
import { walk } from './maps.js';
import { card, trouble, whenSeen } from './part.js';
import { wipe } from './wipe.js';

/** @typedef {import('../schema').Beside} Answer */

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const { node, heading } = card(root, 'beside');
  const offers = make('div', 'take-row offers'), body = make('div', 'besides');
  node.append(offers, body);
  /** @type {Pick<typeof state, 'networks' | 'cuts'> | null} the two networks before one was put beside itself */
  let before = null;
  /** @type {Answer | null} */
  let answer = null;

  async function load() {
    const now = await wire.ask('beside');
    if (!now || trouble(body, now)) return;
    answer = now;
    draw();
  }
  function draw() {
    if (!answer) return;
    const { same, differ, names } = answer, [first, second] = names.map(tell);
    heading.textContent = say('xray.beside');
    const back = before, ways = differ ? [] : answer.offers.flatMap(itself);
    if (same && back) ways.push(button(say('xray.back_to_both'), () => restore(back), { class: 'plain back-to-both' }));
    offers.replaceChildren(...ways);
    const facts = differ ? [moves(answer), where(answer)] : [make('p', 'foot', say(same ? 'xray.same_sides'
      : 'xray.two_networks'))];
    body.replaceChildren(photo([first, second]), ...facts);
  }
  /** A network beside itself at two stops; where it is cut, that on both sides, or whole beside cut at one stop.
   * @param {Answer['offers'][0]} offer */
  function itself({ network, title, stop: first, own: second }) {
    const side = state.networks.indexOf(network), cuts = state.cuts[side] ?? {}; // another network came just now
    const cut = Object.keys(cuts).length > 0;
    const words = { network: title, first, second }, stop = (side === 1 && state.own) || state.stop || first;
    const stops = button(say(cut ? 'xray.itself_both' : 'xray.itself', words),
      () => put([network, network], first, second, [cuts, cuts]), { 'data-offer': network });
    return cut ? [button(say('xray.itself_cut', words), () => put([network, network], stop, null, [{}, cuts]),
      { 'data-offer-cut': network }), stops] : [stops];
  }
  /** @param {string[]} networks @param {string} stop @param {string | null} own @param {typeof state.cuts} cuts */
  function put(networks, stop, own, cuts) {
    if (state.networks[0] !== state.networks[1]) before = { networks: state.networks, cuts: state.cuts };
    set({ apart: networks[0] === networks[1] });
    wire.send('beside', { networks, stop, own, cuts });
  }
  /** The network that stood beside itself keeps what is cut in it on either side, the other has again what it had.
   * @param {NonNullable<typeof before>} back */
  function restore({ networks, cuts }) {
    const kept = networks.map((name, k) => (name === state.networks[0] ? Object.assign({}, ...state.cuts) : cuts[k]));
    put(networks, state.stop ?? state.stops[0], null, kept);
  }
  on(['skeletons'], () => { if (answer) draw(); });
  whenSeen(node, [], load);
}

/** Both skeletons over the photo. @param {[string, string]} names */
function photo(names) {
  const [first, second] = state.skeletons.map((svg) => {
    const layer = make('div', 'skeletons');
    layer.innerHTML = svg;
    speakOf(layer);
    return layer;
  });
  const made = wipe(first, second, names, make('img', { src: state.seen?.src, alt: '' }));
  shape(made, state.seen?.width ?? 1, state.seen?.height ?? 1);
  return made;
}

/** @param {Answer} answer */
function moves({ moved }) {
  const rows = [...moved].sort((a, b) => (b.pixels ?? 0) - (a.pixels ?? 0)), farthest = rows[0]?.pixels || 1;
  const heads = say('xray.moved_head').split('|').map((text) => make('th', { scope: 'col' }, text));
  const lines = rows.map((row) => make('tr', {}, make('th', { scope: 'row' }, word('joint', row.joint)),
    make('td', { class: 'bar', style: `--share:${(row.pixels ?? 0) / farthest}` },
      row.pixels === null ? '–' : number(row.pixels, '.1f')),
    make('td', {}, row.torsos === null ? '–' : number(row.torsos, '.3f'))));
  return make('div', 'moves', make('h3', {}, say('xray.moved')), make('table', {}, make('thead', {}, make('tr', {},
    ...heads)), make('tbody', {}, ...lines)), make('p', 'foot', say('xray.moved_note')));
}

/** @param {Answer} answer */
function where({ places }) {
  const top = Math.max(...places.map((row) => Math.max(row.alone, row.total ?? 0))) || 1;
  const lines = places.map((row) => make('li', {}, link(row.place, () => walk(0, row.cell)),
    make('span', 'factor', `×${row.factor}`),
    make('span', { class: 'gauge', style: `--alone:${row.alone / top};--total:${(row.total ?? top) / top}` }),
    make('span', 'number',
      `${number(row.alone, '.1%')} / ${row.total === null ? say('xray.apart_new') : number(row.total, '.1%')}`)));
  return make('div', 'where', make('h3', {}, say('xray.which')), make('ul', 'places', ...lines),
    make('p', 'foot', say('xray.which_note')), make('p', 'foot', say('xray.lab_note')));
}
