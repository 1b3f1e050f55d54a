// Two skeletons, both in one view, and the table of what lies between them.
import { line, make, shape } from './dom.js';
import { on, state as shared } from './store.js';
import { badge, number, say, speak, tell, word } from './words.js';

/** @typedef {import('./schema').ViewsPatch} Patch */
/** @typedef {import('./schema').Row} Row */

/** @param {number} seconds */
const time = (seconds) => (seconds >= 1 ? `${seconds.toFixed(1)} s` : `${(1000 * seconds).toFixed(0)} ms`);

/** @param {number | null} value */
const torsos = (value) => (value === null ? '–' : number(value, '.2f'));

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  /** @type {Partial<Patch>} */
  let state = { busy: { key: 'page.starting' } };

  function draw(/** @type {Partial<Patch>} */ patch) {
    state = { ...state, ...patch };
    line($('.busy'), tell(state.busy));
    line($('.error'), tell(state.error));
    element.classList.toggle('waiting', Boolean(state.busy));
    if (patch.poses) drawResults(/** @type {Patch} */ (state));
  }

  function drawResults(/** @type {Patch} */ { poses, both, names, person }) {
    const pair = $('.pair');
    element.classList.toggle('nobody', !person);
    if (!pair.querySelector('.skeletons')) {
      pair.replaceChildren(...poses.map(() => make('figure', 'view',
        make('figcaption', {}, make('h2', 'name'), make('span', 'badges')),
        make('div', 'canvas', make('img', { alt: '' }), make('div', 'skeletons')), make('p', 'foot'))));
    }
    poses.forEach((pose, k) => {
      const view = pair.children[k];
      view.querySelector('.name').textContent = pose.title;
      view.querySelector('.badges').replaceChildren(mark(pose),
        ...(person ? [] : [make('span', 'badge nobody', say('page.nobody'))]));
      view.querySelector('.foot').textContent =
        `${say('page.joints_shown', pose)} · ${say('page.pass', { time: time(pose.seconds) })}`;
      view.classList.toggle('untrained', !pose.trained);
      canvas(view, pose.svg);
    });
    $('.lower').hidden = false;
    canvas($('.both'), both);
    $('.both-key').textContent = say('page.both_key', { first: names[0], second: names[1] });
    $('.both .badges').replaceChildren(...poses.filter((pose) => !pose.trained).slice(0, 1).map(mark));
    drawTable();
  }

  /** @param {import('./schema').PoseView} pose */
  const mark = (pose) => make('span', pose.trained ? 'badge' : 'badge untrained', badge(pose));

  function canvas(/** @type {HTMLElement} */ view, /** @type {string} */ svg) {
    const node = /** @type {HTMLElement} */ (view.querySelector('.canvas')), image = node.querySelector('img');
    const photo = state.closeup || shared.photos.find((each) => each.number === state.photo) || shared.photos.at(-1);
    if (!photo || !image) return;
    shape(node, photo.width, photo.height);
    if (image.src !== photo.src) image.src = photo.src;
    const skeletons = node.querySelector('.skeletons');
    if (skeletons) skeletons.innerHTML = svg;
  }

  function drawTable() {
    const { rows = [], names = [], mean = null, torso = 0 } = state;
    $('.note').textContent = rows.length ? say('page.table_note', { torso }) : say('page.no_shared');
    $('table').hidden = !rows.length;
    const column = (/** @type {(string | Node)[]} */ ...text) => make('th', { scope: 'col' }, ...text);
    const head = make('tr', {}, column(say('page.table_joint')),
      ...names.map((name) => column(name, make('small', {}, say('page.table_score')))),
      column(say('page.table_px')), column(say('page.table_torsos')));
    const foot = mean ? [make('tfoot', {}, make('tr', {}, make('th', { scope: 'row' }, say('page.mean')), make('td'),
      make('td'), make('td', {}, number(mean[0], '.1f')), make('td', {}, torsos(mean[1]))))] : [];
    const top = Math.max(...rows.map((row) => row.pixels)) || 1;
    $('table').replaceChildren(make('thead', {}, head), make('tbody', {}, ...rows.map((row) => tr(row, top))), ...foot);
  }

  function tr(/** @type {Row} */ row, /** @type {number} */ top) {
    const name = make('button', { type: 'button', onclick: () => wire.send('pick', { joint: row.joint }) },
      make('i', { class: 'dot', style: `background:${row.colour}` }), word('joint', row.joint));
    return make('tr', {
      class: row.shown ? null : 'faint', title: row.shown ? null : say('page.below'),
      onmouseenter: () => point(row), onmouseleave: () => point(null),
    }, make('th', { scope: 'row' }, name), ...row.scores.map((score) => make('td', {}, number(score, '.2f'))),
    make('td', { class: 'bar', style: `--share:${row.pixels / top}` }, number(row.pixels, '.1f')),
    make('td', {}, torsos(row.torsos)));
  }

  // The joint under the pointer, in every skeleton.
  function point(/** @type {Row | null} */ row) {
    for (const dot of element.querySelectorAll('circle.lit')) dot.classList.remove('lit');
    element.querySelectorAll('.pair .canvas').forEach((node, k) => {
      if (row) node.querySelector(`circle[data-joint="${k ? row.b : row.a}"]`)?.classList.add('lit');
    });
  }

  speak(element);
  on(['language'], () => draw(state));
  on(['photos'], () => { if (shared.photos.at(-1)?.number === state.photo) draw(state); }); // it came after its results
  return draw;
}
