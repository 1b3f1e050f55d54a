// All channels of a cell, one of them large, and what can be said of all.
import { figure, legend } from '../colour.js';
import { arrow, make, select } from '../dom.js';
import { set, state } from '../store.js';
import { channelName, number, say } from '../words.js';
import { trouble } from './part.js';
import { look } from './pixels.js';

/** @type {import('./inspector.js').Tab} */
export function channels(body, cell, wire) {
  const said = make('span', { class: 'value', 'aria-live': 'polite' }), large = make('div', 'large');
  const pca = make('figure', 'pca'), { stats, dead, zeros, shape } = cell, { pin } = state;
  const named = (/** @type {number} */ channel) => channelName(channel, cell.names);
  const mean = (/** @type {'mean' | 'maximum' | 'energy'} */ name, /** @type {string} */ key) =>
    make('div', {}, figure(cell[name], say(key)), legend(cell[name].low, cell[name].high));

  async function enlarge(/** @type {number} */ channel) {
    const here = channel === cell.channel.number;
    const answer = here ? { ...cell.channel, error: undefined } : await wire.ask('channel', { ...pin, channel });
    if (!answer || trouble(large, answer)) return;
    look(pin, answer.number, answer); // another cell may be open by now
    large.replaceChildren(figure(answer, named(answer.number), { say: said, class: 'big' }),
      legend(answer.low, answer.high));
  }

  function pick(/** @type {number} */ channel) {
    set({ channel });
    enlarge(channel);
  }
  const orders = /** @type {[string, string][]} */ (['energy', 'variance', 'joint', 'index'].map((key) =>
    [key, say(`xray.${key}`, { joint: state.joint })]));
  const sorter = make('label', 'foot', `${say('xray.channels')} (${shape[0]}) ${say('xray.sorted')} `,
    select(orders, cell.by, () => {}, { name: 'by', class: 'by', 'aria-label': say('xray.sorted') }));
  body.replaceChildren(make('div', 'channels',
    make('div', 'mosaic-box', sorter, mosaic(cell.mosaic, named, pick), legend(cell.mosaic.low, cell.mosaic.high),
      make('p', 'foot', say('xray.range_all', cell.mosaic))),
    make('div', 'one', large, said),
    make('div', 'means', mean('mean', 'xray.view_mean'), mean('maximum', 'xray.view_max'),
      mean('energy', 'xray.view_energy'), pca),
    make('div', 'stats foot', make('p', {}, say('xray.stats', stats)),
      make('p', {}, say('xray.dead', { dead, channels: shape[0] })), make('p', {}, say('xray.zeros', { share: zeros })),
      histogram(cell.histogram))));
  const { channel } = state; // none, or -1 for the mean, is none of these
  enlarge(channel !== null && cell.mosaic.order.includes(channel) ? channel : cell.channel.number);
  wire.ask('pca', pin ?? {}).then((answer) => {
    if (!answer || answer.error) return;
    const shares = answer.shares.map((share) => number(share, '.0%')).join(' + ');
    pca.replaceChildren(make('img', { src: answer.src, alt: '', style: `aspect-ratio:${cell.mean.w / cell.mean.h}` }),
      make('figcaption', {}, say('xray.view_pca', { shares })));
  });
}

/** @param {import('../schema').Mosaic} sheet @param {(channel: number) => string} called
 * @param {(channel: number) => void} pick */
function mosaic({ src, tile, columns, order, values }, called, pick) {
  const rows = Math.ceil(order.length / columns), mark = make('i', 'here');
  const node = make('div', { class: 'mosaic', tabindex: 0, role: 'slider', 'aria-label': say('xray.channels'),
    'aria-valuemin': 0, 'aria-valuemax': order.length - 1,
    style: `aspect-ratio:${columns * tile[0]}/${rows * tile[1]}` }, make('img', { src, alt: '' }), mark);
  let here = Math.max(0, order.indexOf(state.channel ?? order[0]));
  const at = (/** @type {MouseEvent} */ event) => {
    const box = node.getBoundingClientRect();
    return Math.floor(((event.clientY - box.top) / box.height) * rows) * columns
      + Math.floor(((event.clientX - box.left) / box.width) * columns);
  };
  const named = (/** @type {number} */ k) => called(order[k]);
  const go = (/** @type {number} */ k, /** @type {boolean} */ chosen) => {
    if (!(k >= 0 && k < order.length)) return;
    here = k;
    mark.style.cssText = `left:${((k % columns) / columns) * 100}%;top:${(Math.floor(k / columns) / rows) * 100}%;` +
      `width:${100 / columns}%;height:${100 / rows}%`;
    node.setAttribute('aria-valuenow', String(k));
    node.setAttribute('aria-valuetext', named(k));
    if (chosen) pick(order[k]);
  };
  node.addEventListener('pointermove', (event) => {
    const k = at(event);
    if (k in order) node.title = `${named(k)}: ${number(values[k], '.3g')}`;
  });
  node.addEventListener('click', (event) => go(at(event), true));
  node.addEventListener('keydown', (event) => {
    const step = arrow(event);
    if (!step) return;
    event.preventDefault();
    go(Math.max(0, Math.min(order.length - 1, here + step[0] + step[1] * columns)), true);
  });
  go(here, false);
  return node;
}

/** @param {import('../schema').Histogram} bins */
function histogram({ counts, low, high }) {
  const top = Math.max(...counts.map((c) => Math.log1p(c)));
  const bars = counts.map((c, k) => {
    const height = (40 * Math.log1p(c)) / top;
    return `<rect x="${k}" y="${40 - height}" width=".9" height="${height}"/>`;
  }).join('');
  const node = make('div', 'histogram'), end = (/** @type {number} */ v) => make('span', {}, v.toPrecision(2));
  node.innerHTML = `<svg viewBox="0 0 ${counts.length} 40" preserveAspectRatio="none" role="img"
    aria-label="${say('xray.values')}">${bars}</svg>`;
  node.append(make('div', 'range', end(low), make('span', 'grow', `${say('xray.values')} (log)`), end(high)));
  return node;
}
