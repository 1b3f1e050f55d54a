// The pass, played in a drawing: map after map appears in the order in which it comes to be, each with one sentence.
import { button, make, refill, select } from '../dom.js';
import { on, state } from '../store.js';
import { say, tell, word } from '../words.js';
import { find, section } from './maps.js';
import { reveal } from './viewport.js';

/** @typedef {import('../schema').Came} Came */

/** Milliseconds a step takes at speed 1. */
const BEAT = 1600;

/** @param {HTMLElement} _root @param {import('./part.js').Wire} wire */
export function start(_root, wire) {
  /** @type {{ side: number, steps: Came[], at: number } | null} */
  let place = null;
  let speed = 1, timer = 0;
  const bar = make('div', { class: 'player', role: 'group' });
  const told = make('p', { class: 'told', 'aria-live': 'polite' });

  on(['key', 'language'], () => {
    section.querySelectorAll('.map-card').forEach((card, k) => {
      if (state.sides[k]?.svg) card.querySelector('.of')?.append(make('span', 'grow'),
        button(`▶ ${say('xray.play')}`, () => open(k), { class: 'plain play' }));
    });
    if (!place) return;
    if (state.sides[place.side]?.svg) open(place.side, place.at, timer !== 0); // other maps, perhaps other words
    else close();
  });

  async function open(/** @type {number} */ side, at = 0, runs = true) {
    const answer = await wire.ask('way', { side });
    const card = section.querySelector(`.map-card[data-side="${side}"]`);
    if (!answer) return;
    close();
    if (answer.error || !card) return;
    place = { side, steps: answer.steps, at: Math.min(at, answer.steps.length - 1) };
    card.querySelector('.of')?.after(bar);
    bar.setAttribute('aria-label', say('xray.play'));
    run(runs);
    go(0);
  }
  function close() {
    clearTimeout(timer);
    timer = 0;
    place = null;
    bar.remove();
    for (const svg of section.querySelectorAll('.playing')) svg.classList.remove('playing');
    for (const one of section.querySelectorAll('.future, .running, .now')) {
      one.classList.remove('future', 'running', 'now');
    }
  }
  function run(/** @type {boolean} */ runs) {
    clearTimeout(timer);
    timer = runs ? setTimeout(() => go(1), BEAT / speed) : 0;
    draw();
  }
  /** Some steps on, or to a place. @param {number} by */
  function go(by) {
    if (!place) return;
    const { side, steps } = place, last = steps.length - 1;
    place.at = Math.min(last, Math.max(0, place.at + by));
    show();
    const now = steps[place.at], cell = find({ side, cell: now.cell });
    if (cell) reveal(cell);
    told.textContent = say('xray.way', { ...now, number: place.at + 1, count: steps.length,
      sources: now.sources.map((each) => (each === 'input' ? say('xray.photo') : each)), how: now.how.map(tell),
      shape: now.shape.join('×'), why: word('why', now.role) === now.role ? '' : word('why', now.role) });
    run(timer !== 0 && place.at < last);
  }
  function show() {
    if (!place) return;
    const { side, steps, at } = place, order = new Map(steps.map(({ cell }, k) => [cell, k]));
    const scroll = /** @type {HTMLElement} */ (section.querySelector(`.map-scroll[data-side="${side}"]`));
    scroll.querySelector('.xmap')?.classList.add('playing');
    scroll.style.setProperty('--beat', `${BEAT / speed}ms`);
    for (const node of scroll.querySelectorAll('.arrow[data-to], .tile')) {
      const cell = node.getAttribute('data-to') ?? node.querySelector('.cell')?.getAttribute('data-cell');
      const k = order.get(cell ?? '') ?? -1;
      node.classList.toggle('future', k > at);
      node.classList.toggle(node.matches('.tile') ? 'now' : 'running', k === at);
    }
  }
  function draw() {
    const each = (/** @type {string} */ name, /** @type {string} */ text, /** @type {() => void} */ does) => {
      const label = say(`xray.play_${name}`), turns = name === 'on' || name === 'pause'; // one in the other's place
      return button(text, does, { 'data-play': name, 'aria-label': label, title: label,
        class: turns ? 'plain play-turns' : 'plain' });
    };
    const by = (/** @type {number} */ steps) => () => {
      run(false);
      go(steps);
    };
    const again = () => {
      if (place && place.at === place.steps.length - 1) place.at = -1;
      run(true);
      go(1);
    };
    refill(bar, () => bar.replaceChildren(each('back', '◀', by(-1)),
      timer ? each('pause', '❚❚', () => run(false)) : each('on', '▶', again), each('step', '▶❘', by(1)),
      select([0.5, 1, 2, 4].map((k) => [String(k), say('xray.times', { times: k })]), speed, (to) => {
        speed = Number(to);
        run(timer !== 0);
      }, { 'aria-label': say('xray.speed'), class: 'speed' }), told, each('end', '✕', close)));
  }
}
