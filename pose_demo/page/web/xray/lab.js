// The upsampling lab: this position of the slider against another.
import { link, make, select } from '../dom.js';
import { on, set, state } from '../store.js';
import { number, say, word } from '../words.js';
import { walk } from './maps.js';
import { card, title, trouble, whenSeen } from './part.js';

/** @typedef {import('../schema').LabSide} Side */

/** The choice of what to compare with. @param {Record<string, unknown>} [more] */
export function against(more) {
  return select([[null, say('xray.as_trained')],
    ...state.stops.map((stop) => /** @type {[string, string]} */ ([stop, word('stop', stop)]))],
  state.against, (to) => set({ against: to }), more);
}

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const chooser = make('label', 'foot'), labs = make('div', 'labs'), pairTitle = make('p', 'foot pair-title');
  const { node, heading } = card(root, 'lab', chooser), note = make('p', 'foot');
  node.append(note, labs, pairTitle);

  async function load() {
    const answer = await wire.ask('lab', { against: state.against });
    if (!answer || trouble(labs, answer)) return;
    heading.textContent = say('xray.lab');
    note.textContent = say('xray.lab_note');
    const now = answer.sides.find((side) => side.now)?.now ?? [];
    const shown = say('xray.against', { stop: say('xray.now', { stops: now }) });
    chooser.replaceChildren(make('span', 'against-word', shown), ' ', against({ class: 'against' }));
    labs.replaceChildren(...answer.sides.map(lab));
    pair();
  }
  // The cell that is pinned above, before and after, in a gr.ImageSlider below.
  async function pair() {
    if (!state.pin || state.pin.cell === 'input') {
      if (state.key) pairTitle.textContent = say('xray.pin_first');
      return;
    }
    const question = { ...state.pin, channel: state.channel, against: state.against };
    const answer = await wire.ask('difference', question);
    if (!answer || answer.error) return;
    pairTitle.textContent = say(answer.same ? 'xray.same_stop' : 'xray.cell_pair', { ...question, ...answer });
    if (!answer.same) wire.send('pair', { ...question, key: state.key });
  }
  on(['pin', 'channel'], pair);
  whenSeen(node, ['against'], load);
}

/** @param {Side} side @param {number} k */
function lab(side, k) {
  const head = title(k), foot = (/** @type {string} */ text) => make('div', {}, head, make('p', 'foot', text));
  if (side.why) return foot(say(side.why));
  head.append(make('span', 'badge', say('xray.trained_with', { stop: side.trained })));
  if (side.same) return foot(say('xray.same_stop'));
  const heads = say('xray.moved_head').split('|').map((text) => make('th', { scope: 'col' }, text));
  const farthest = side.joints[0].pixels || 1;
  const joints = side.joints.map((row) => make('tr', {}, make('th', { scope: 'row' }, word('joint', row.joint)),
    make('td', { class: 'bar', style: `--share:${row.pixels / farthest}` }, number(row.pixels, '.1f')),
    make('td', {}, row.torsos === null ? '–' : number(row.torsos, '.3f'))));
  const top = Math.max(...side.places.map((row) => Math.max(row.alone, row.total))) || 1;
  const places = side.places.map((row) => make('li', {}, link(row.place, () => walk(k, row.cell)),
    make('span', 'factor', `×${row.factor}`),
    make('span', { class: 'gauge', style: `--alone:${row.alone / top};--total:${row.total / top}` }),
    make('span', 'number', `${number(row.alone, '.1%')} / ${number(row.total, '.1%')}`)));
  const both = `${say('xray.now', { stops: side.now })} → ${word('stop', side.other)}`;
  return make('div', {}, head, make('p', 'foot', both),
    make('div', 'lab-two',
      make('div', {}, make('h4', {}, say('xray.moved')), make('table', {}, make('thead', {}, make('tr', {}, ...heads)),
        make('tbody', {}, ...joints))),
      make('div', {}, make('h4', {}, say('xray.which')), make('ul', 'places', ...places),
        make('p', 'foot', say('xray.which_note')))));
}
