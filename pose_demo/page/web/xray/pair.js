// A cell on both sides, or of one network in two ways: under a wipe, and the signed difference.
import { canvas, figure, legend, magnified } from '../colour.js';
import { make, select } from '../dom.js';
import { set, state } from '../store.js';
import { channelName, say, tell, word } from '../words.js';
import { trouble } from './part.js';
import { wipe } from './wipe.js';

/** @type {import('./inspector.js').Tab} */
export async function pair(body, cell, wire) {
  const channel = state.channel === -1 ? null : state.channel;
  const answer = await wire.ask('difference', { ...state.pin, channel, against: state.against });
  if (!answer || trouble(body, answer)) return;
  const [first, second] = answer.names.map(tell), named = say('xray.against_label'), { gap } = answer;
  const choice = make('label', 'foot', `${named} `, select([[null, say(answer.unasked)],
    ...state.stops.map((stop) => /** @type {[string, string]} */ ([stop, word('stop', stop)]))],
  state.against, (to) => set({ against: to }), { class: 'against', 'aria-label': named }));
  const left = canvas(answer.first, { label: first });
  const shown = wipe(left, canvas(answer.second, { label: second }), [first, second]);
  shown.style.setProperty('--ratio', String(answer.first.w / answer.first.h));
  const which = channel === null ? say('xray.all_channels') : channelName(channel, cell.names);
  body.replaceChildren(
    make('div', 'sum-head', choice, make('span', 'foot which', which),
      ...(answer.same ? [make('span', 'foot', say('xray.same_stop'))] : [])),
    make('div', 'trio', make('div', {}, shown, legend(answer.first.low, answer.first.high), magnified(left, true)),
      ...(answer.same ? [] : [make('div', {}, figure(gap, say('xray.difference', { first, second }),
        { class: 'big', diverging: true }), legend(gap.low, gap.high, true))])));
}
