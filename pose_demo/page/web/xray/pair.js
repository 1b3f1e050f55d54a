// A cell under this position of the slider and under another, and the difference.
import { figure, legend } from '../colour.js';
import { make } from '../dom.js';
import { state } from '../store.js';
import { say } from '../words.js';
import { against } from './lab.js';
import { trouble } from './part.js';

/** @type {import('./inspector.js').Tab} */
export async function pair(body, _cell, wire) {
  const question = { ...state.pin, channel: state.channel, against: state.against };
  const answer = await wire.ask('difference', question);
  if (!answer || trouble(body, answer)) return;
  const part = (/** @type {'first' | 'second' | 'gap'} */ name, /** @type {string} */ caption) => {
    const map = answer[name], diverging = name === 'gap';
    return make('div', {}, figure(map, caption, { class: 'big', diverging }), legend(map.low, map.high, diverging));
  };
  const said = { ...question, ...answer };
  const named = say('xray.against_label');
  const choice = make('label', 'foot', `${named} `, against({ 'aria-label': named }));
  body.replaceChildren(
    make('div', 'sum-head', choice, ...(answer.same ? [make('span', 'foot', say('xray.same_stop'))] : [])),
    make('div', 'trio', part('first', say('xray.cell_pair', said)),
      ...(answer.same ? [] : [part('second', ' '), part('gap', say('xray.difference', said))])));
}
