// Both skeletons in one view, and the table of what lies between them.
import { line, make } from './dom.js';
import { over } from './overlay.js';
import { on } from './store.js';
import { number, say, speak, tell, word } from './words.js';

/** @typedef {import('./schema').Row} Row */

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  /** @type {import('./schema').TablePatch | null} */
  let sent = null;

  function draw() {
    if (!sent?.rows) return;
    const { both, names, untrained, rows, mean, errors, torso, moved } = sent, table = $('table');
    $('.lower').hidden = false;
    over($('.both'), both);
    $('.both-key').textContent = say('page.both_key', { first: names[0], second: names[1] });
    $('.both .badges').replaceChildren(...(untrained ? [make('span', 'badge untrained', say('page.untrained'))] : []));
    $('.note').textContent = rows.length ? say('page.table_note', { torso }) : say('page.no_shared');
    line($('.steps'), sent.steps.map(tell).join(' '));
    table.hidden = !rows.length;
    const went = [0, 1].filter((k) => rows.some((row) => row.moved[k] !== null)); // the sides whose joints moved
    const column = (/** @type {string} */ key, name = '') => make('th', { scope: 'col' }, name,
      name ? make('small', {}, say(key)) : say(key));
    const two = (/** @type {string} */ key) => names.map((name) => column(key, name));
    const head = make('tr', {}, column('page.table_joint'), ...two('page.table_score'), column('page.table_px'),
      column('page.table_torsos'), ...(errors ? two('page.table_error') : []),
      ...went.map((k) => column(`page.table_moved_${moved}`, names[k])));
    const off = (/** @type {(number | null)[]} */ each) => each.map((value) => make('td', {}, number(value, '.1f')));
    const foot = make('tfoot', {}, make('tr', {}, make('th', { scope: 'row' }, say('page.mean')), make('td'),
      make('td'), make('td', {}, number(mean[0], '.1f')), make('td', {}, number(mean[1], '.2f')),
      ...off(errors ?? [])));
    const top = Math.max(...rows.map((row) => row.pixels ?? 0)) || 1;
    const joint = (/** @type {Row} */ row) => {
      const name = make('button', { type: 'button', onclick: () => wire.send('pick', { joint: row.joint }) },
        make('i', { class: 'dot', style: `background:${row.colour}` }), word('joint', row.joint));
      return make('tr', {
        class: row.shown ? null : 'faint', title: row.shown ? null : say('page.below'),
        onmouseenter: () => point(row), onmouseleave: () => point(null),
      }, make('th', { scope: 'row' }, name), ...row.scores.map((score) => make('td', {}, number(score, '.2f'))),
      make('td', { class: 'bar', style: `--share:${(row.pixels ?? 0) / top}` }, number(row.pixels, '.1f')),
      make('td', {}, number(row.torsos, '.2f')), ...(errors ? off(row.errors) : []),
      ...off(went.map((k) => row.moved[k])));
    };
    table.replaceChildren(make('thead', {}, head), make('tbody', {}, ...rows.map(joint)), foot);
  }

  // The joint under the pointer, in both skeletons at the top.
  function point(/** @type {Row | null} */ row) {
    for (const dot of document.querySelectorAll('circle.lit')) dot.classList.remove('lit');
    document.querySelectorAll('.pair .canvas').forEach((node, k) => {
      if (row) node.querySelector(`circle[data-joint="${k ? row.b : row.a}"]`)?.classList.add('lit');
    });
  }

  speak(element);
  on(['language', 'seen'], draw);
  return (/** @type {import('./schema').TablePatch} */ patch) => {
    sent = patch;
    draw();
  };
}
