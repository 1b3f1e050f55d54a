// Where did the wrist go wrong? One strip a network, from the first maps to the answer.
import { canvas, legend } from '../colour.js';
import { make } from '../dom.js';
import { number, say } from '../words.js';
import { walk } from './maps.js';
import { card, strip, trouble, whenSeen } from './part.js';

/** @typedef {import('../schema').StorySide} Side */

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const { node, heading } = card(root, 'story'), stories = make('div', 'stories'), note = make('p', 'foot story-note');
  node.append(stories, note);

  whenSeen(node, ['joint'], async () => {
    const answer = await wire.ask('story');
    if (!answer || trouble(stories, answer)) return;
    heading.textContent = say('xray.story', answer);
    note.textContent = say('xray.story_note', answer);
    stories.replaceChildren(...answer.sides.map((side, k) => strip(side, k, () => tale(side, k))));
  });
}

/** @param {Side} side @param {number} k */
function tale(side, k) {
  const { who } = side;
  const answers = side.answers.map((a) => make('figure', a.cell === who?.cell ? 'still first' : 'still',
    make('button', { type: 'button', class: 'bare', 'aria-label': a.cell, onclick: () => walk(k, a.cell) },
      canvas(a.map, { label: a.cell })),
    make('span', { class: 'gauge', style: `--alone:${a.strength};--total:${a.strength}` }),
    make('figcaption', {}, make('b', {}, a.cell), make('br'),
      `${say('xray.channel', a)} · ${number(a.strength, '.2f')}`)));
  const moments = side.moments.map((m) => {
    const what = say(`xray.${m.what}`);
    return make('figure', `still moment ${m.what}`,
      make('div', 'spot', canvas(m.map, { label: `${m.name}: ${what}` }),
        ...(m.at ? [mark('at', m.at)] : []), ...(side.truth ? [mark('truth', side.truth)] : [])),
      make('figcaption', {}, make('b', {}, m.name), make('br'), make('span', 'what', what),
        ...(m.at ? [` · ${say('xray.off_by', { pixels: m.off })} · ${number(m.peak, '.2f')}`] : [])));
  });
  const first = !who ? 'xray.nowhere' : side.answered ? 'xray.first_answers' : 'xray.nobody_answers';
  return [make('p', 'foot', say(first, who ?? {})), make('div', 'frames', ...answers),
    make('p', 'foot', say('xray.then_peak')), make('div', 'frames', ...moments), legend(0, side.top),
    make('p', 'foot', say(side.clipped ? 'xray.story_clipped' : 'xray.story_range', side))];
}

/** @param {string} kind @param {number[]} at parts of the map's width and height */
const mark = (kind, [x, y]) => make('i', { class: kind, style: `left:${100 * x}%;top:${100 * y}%` });
