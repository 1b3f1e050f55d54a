// The lesson: tours that drive the live page. A step asks first, then does the experiment through the same functions
// as a hand, and checks the answer against what was just measured on this photo. The steps are data, in tours/.
import { button, line, make } from '../dom.js';
import { recall, retain } from '../kept.js';
import { on, state } from '../store.js';
import { move } from '../stops.js';
import { say, speak, tell } from '../words.js';
import { setUp } from '../xray/asked.js';
import { find } from '../xray/maps.js';
import { asker } from '../channel.js';
import { anew } from './anew.js';
import { laboratory } from './experiment.js';
import { share } from './share.js';
import { picture, teach } from './teacher.js';

/**
 * cell -- opened, the first of these that a network has; at -- the tap that is measured, else the cell
 * stop -- that the slider goes to; edges -- where the options divide what `measure` gives
 * cut -- an arrow, "source->target"; lit -- cells whose arrows are; view -- the tab of the open cell
 * open -- what else is, "beside" being one network on both sides, with its own stop and with `stop`
 * pixel -- whether the joint's place is pinned in every map; study -- results: each that ships is told
 * @typedef {{ id: string, cell: string[], at?: string[], stop?: string, measure: string, edges: number[],
 *   options: number, cut?: string, lit?: string[], view?: string,
 *   open?: 'gradient' | 'film' | 'play' | 'layers' | 'beside', pixel?: boolean, study?: string[] }} Step
 * has -- a cell that a network must have for this tour
 * @typedef {{ id: string, has: string, steps: Step[] }} Tour
 * @typedef {{ tour: Tour, at: number, chosen: number | null, seen: Seen | null }} Place
 * @typedef {import('../schema').Measured & { error?: import('../schema').Said }} Seen
 */

export const TOURS = ['hrnet', 'hourglass', 'upsampling'];
/** What people ask in public threads, and the step that lets one try it. */
export const ASKED = [['hrnet', 'branch'], ['hrnet', 'fusion'], ['hrnet', 'order'], ['hrnet', 'last'],
  ['hourglass', 'together'], ['hourglass', 'gradient'], ['hrnet', 'parallel']];
/** What students ask first, and the step that answers. */
export const WONDERED = [['hrnet', 'terms'], ['hrnet', 'stem'], ['hourglass', 'feedback'], ['upsampling', 'moved']];
const KEPT = 'pose-lesson';

/** The option that a measured value falls into. @param {number} value @param {number[]} edges */
export const option = (value, edges) => edges.filter((edge) => value >= edge).length;

/** @type {Record<string, Tour>} */
const known = {};

/** @param {string} id @returns {Promise<Tour>} */
async function load(id) {
  known[id] ||= await (await fetch(new URL(`./tours/${id}.json`, import.meta.url))).json();
  return known[id];
}

/** What was answered, step by step: kept in this browser alone. @returns {Record<string, boolean>} */
function progress() {
  try {
    return JSON.parse(recall(() => localStorage, KEPT) || '{}');
  } catch { // others of this address wrote it
    return {};
  }
}

/** @param {HTMLElement} element @param {import('../channel.js').Wire} wire */
export function start(element, wire) {
  const ask = asker(), root = make('aside', { class: 'tour', hidden: '', 'data-label': 'tour.lesson', tabindex: '-1' });
  element.replaceChildren(root);
  speak(element);
  /** @type {Place | null} */
  let place = null;
  const lab = laboratory(wire);
  let pair = '', shares = false, local = true;
  /** @type {string[]} */
  let shipped = [];

  const step = () => /** @type {Place} */ (place).tour.steps[/** @type {Place} */ (place).at];
  const word = (/** @type {string} */ part, values = {}) =>
    say(`tour.${/** @type {Place} */ (place).tour.id}.${step().id}.${part}`, values);
  /** The side that has one of these cells, and which; none while the finder of people is looked into, an HRNet too.
   * @param {string[]} cells @returns {[number, string] | null} */
  const side = (cells) => {
    if (state.finder) return null;
    for (const cell of cells) for (const k of state.sides.keys()) if (find({ side: k, cell })) return [k, cell];
    return null;
  };

  // --- where one is
  async function open(/** @type {string} */ id, /** @type {string} */ at = '') {
    const tour = await load(id);
    if (place) lab.leave();
    place = { tour, at: Math.max(0, tour.steps.findIndex((each) => each.id === at)), chosen: null, seen: null };
    show();
    root.focus({ preventScroll: true });
  }
  function go(/** @type {number} */ by) {
    if (!place) return;
    const at = Math.min(place.tour.steps.length - 1, Math.max(0, place.at + by));
    place = { ...place, at, chosen: null, seen: null };
    lab.leave();
    show();
  }
  function close() {
    place = null;
    lab.leave();
    teach(root, false);
    show();
  }
  async function reset() { // in the teacher's view all is as the next group shall find it
    retain(() => localStorage, KEPT, null);
    if (place) place = { ...place, at: 0, chosen: null, seen: null };
    show();
    await lab.leave();
    if (root.classList.contains('teach')) return anew(wire);
    if (state.stop !== state.stops[0]) await lab.changed(() => move(0));
    if (state.own || state.cuts.some((own) => Object.keys(own).length)) setUp(wire, { own: null, cuts: [{}, {}] });
  }

  // --- the experiment
  async function choose(/** @type {number} */ k) {
    if (!place || place.chosen !== null) return;
    const mine = (place = { ...place, chosen: k }), now = step();
    show();
    await lab.run(now, side, mine.tour.has, () => place === mine);
    const found = place === mine && side([mine.tour.has]);
    if (!found) return;
    /** @type {Seen | null} */
    let seen = null;
    for (const cell of now.at ?? now.cell) {
      const question = { measure: now.measure, side: found[0], cell, against: now.stop ?? null,
        what: (now.study ?? []).join() };
      seen = null;
      while (!seen && place === mine) seen = await ask('lesson', question); // none: newer maps came meanwhile
      if (seen && !seen.error) break;
    }
    if (place !== mine) return;
    place = { ...mine, seen };
    if (now.pixel && seen) lab.pin(seen.at);
    if (seen && !seen.error && seen.value !== null) {
      const right = option(seen.value, now.edges) === k;
      retain(() => localStorage, KEPT, JSON.stringify({ ...progress(), [`${mine.tour.id}.${now.id}`]: right }));
    }
    show();
  }

  // --- how it looks
  function show() {
    root.hidden = !place;
    document.body.classList.toggle('in-tour', Boolean(place));
    address();
    if (!place) return root.replaceChildren();
    const { tour, at, chosen, seen } = place, now = step(), ready = side([tour.has]);
    const right = seen && !seen.error && seen.value !== null ? option(seen.value, now.edges) : null;
    const options = Array.from({ length: now.options }, (_, k) => button(word(String(k)), () => choose(k), {
      'aria-pressed': chosen === k, disabled: chosen !== null ? '' : null, class: 'plain option',
      'data-right': right === null ? null : right === k }));
    root.classList.toggle('answered', seen !== null);
    const focused = root.contains(document.activeElement);
    root.replaceChildren(
      make('header', 'tour-bar', make('b', {}, say(`tour.${tour.id}.title`)),
        make('span', 'foot', say('tour.step', { number: at + 1, count: tour.steps.length })), make('span', 'grow'),
        button(say('tour.full'), () => teach(root), { class: 'plain full', title: say('tour.teacher'),
          'aria-pressed': root.classList.contains('teach') }),
        button('✕', close, { class: 'plain', 'aria-label': say('tour.close'), title: say('tour.close') })),
      make('div', { class: 'tour-body', tabindex: '0' }, // a keyboard scrolls it
        make('div', 'tour-text', make('h3', {}, word('title')), make('p', {}, word('text')),
        make('p', 'foot paper', word('paper')),
        ...(ready ? [make('fieldset', 'ask', make('legend', {}, word('ask')),
          make('p', 'foot', say('tour.predict')), ...options)] : [needs(tour)]),
        make('div', { class: 'saw', role: 'status', 'aria-live': 'polite' }, ...result(right))),
      shares ? share(ask, shipped, local, lab.settings()) : picture(ready, now, side, seen ? lab.before() : null)),
      make('footer', 'tour-bar', button(`← ${say('tour.back')}`, () => go(-1), { disabled: at ? null : '' }),
        ...tour.steps.map((each, k) => dot(tour, each, k)), make('span', 'grow'),
        button(say('tour.share'), () => { shares = !shares; show(); },
          { class: 'plain sharing', 'aria-pressed': shares }),
        button(say('tour.reset'), reset, { class: 'link' }), at + 1 < tour.steps.length
          ? button(`${say('tour.next')} →`, () => go(1), { class: 'plain next' }) : button(say('tour.end'), close)));
    if (focused) root.focus({ preventScroll: true }); // what had it is gone, and the keys shall go on
    if (seen) root.querySelector('.saw')?.scrollIntoView({ block: 'nearest' });
  }
  /** @param {number | null} right @returns {Node[]} */
  function result(right) {
    if (!place || place.chosen === null || !side([place.tour.has])) return [];
    const { seen, chosen } = place;
    if (!seen) return [make('p', 'foot', say('tour.measuring'))];
    if (seen.error) return [make('p', {}, tell(seen.error))];
    if (right === null) return [make('p', {}, say('tour.untold'))];
    const hit = right === chosen;
    return [make('p', 'verdict', make('b', hit ? 'yes' : '', say(hit ? 'tour.yes' : 'tour.no'))),
      make('p', 'foot', say('tour.measured')), make('p', {}, word('saw', { ...seen.values, view: step().view })),
      ...seen.study.flatMap(({ result: name, says }) => [make('p', 'foot', word(name)),
        make('ul', 'foot studied', ...says.map((each) => make('li', {}, tell(each))))])];
  }
  /** @param {Tour} tour */
  const needs = (tour) => make('p', {}, `${say('tour.needs', { cell: tour.has })} `, state.finder
    ? button(say('xray.back_to_poses'), () => {}, { class: 'plain', 'data-poses': '' }) // xray/inside.js hears of it
    : button(say('tour.take_pair'), () => wire.send('pair_that_ships', {}), { class: 'plain' }));
  /** @param {Tour} tour @param {Step} each @param {number} k */
  function dot(tour, each, k) {
    const answered = progress()[`${tour.id}.${each.id}`];
    const label = say(`tour.${tour.id}.${each.id}.title`);
    return make('button', { type: 'button', class: 'dot', 'aria-label': label, title: label,
      'aria-current': k === place?.at ? 'step' : null, 'data-answered': answered ?? null,
      onclick: () => go(k - (place?.at ?? 0)) });
  }
  function address() {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of [['tour', place?.tour.id], ['step', place && step().id]]) {
      if (value) query.set(String(name), value);
      else query.delete(String(name));
    }
    const text = query.toString();
    history.replaceState(null, '', `${location.pathname}${text ? `?${text}` : ''}`);
  }

  // --- who opens it
  document.addEventListener('click', (event) => {
    const opener = event.target instanceof Element && event.target.closest('[data-tour]');
    if (opener instanceof HTMLElement) open(opener.dataset.tour ?? '', opener.dataset.step ?? '');
  });
  root.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) return;
    if (event.key === 'ArrowRight' || event.key === 'PageDown') go(1);
    else if (event.key === 'ArrowLeft' || event.key === 'PageUp') go(-1);
    else if (event.key === 'Escape' && !document.fullscreenElement) close();
    else if (/^[1-9]$/.test(event.key) && place && Number(event.key) <= step().options) choose(Number(event.key) - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  on(['language'], show);
  on(['key', 'joint', 'threshold'], () => { if (place && shares) queueMicrotask(show); }); // the link has changed
  on(['key'], () => {
    const networks = state.networks.join();
    if (place && networks !== pair) queueMicrotask(show); // once the maps are drawn: they may have what it needs
    pair = networks;
  });
  const asked = new URLSearchParams(location.search), wanted = asked.get('tour') ?? '';
  line(root, null);
  if (TOURS.includes(wanted)) open(wanted, asked.get('step') ?? '');
  return (/** @type {import('../schema').TourPatch} */ patch) => { ({ pair: shipped, local } = patch); };
}
