// What matters here: every arrow cut alone, coloured and widened by how far that moves the chosen joint, or all.
import { button, link, make, refill, select } from '../dom.js';
import { on, set, state } from '../store.js';
import { number, say, short, tell, word } from '../words.js';
import { cut } from './cuts.js';
import { section, walk } from './maps.js';
import { failure } from './part.js';

/** @typedef {import('../schema').Matters} Matters */
/** @typedef {import('../schema').Cut} Cut */
/** @typedef {{ cut: Cut, move: number, change: number }} Weighed */

const SVG = 'http://www.w3.org/2000/svg';

/** The cuts by what they do to a joint, or (null) to all on average, the most first; no answer any more: Infinity; none
 * before either: NaN.
 * @param {Matters} side @param {string | null} joint @returns {Weighed[]} */
export function weighed(side, joint) {
  const k = joint === null ? -1 : side.joints.indexOf(joint);
  const of = (/** @type {number[]} */ all) => {
    const meant = all.filter((each, j) => (k < 0 ? !Number.isNaN(each) : j === k));
    return meant.reduce((sum, each) => sum + each, 0) / meant.length;
  };
  const moves = (/** @type {Cut} */ each) => each.moves.map((far, j) => (side.answered[j] ? far ?? Infinity : NaN));
  const found = side.cuts.map((each) => ({ cut: each, move: of(moves(each)), change: of(each.changes) }));
  return found.sort((a, b) => (b.move > a.move ? 1 : b.move < a.move ? -1 : b.change - a.change));
}

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  /** @type {(Matters | null)[]} */
  let found = [];
  /** @type {import('../schema').MattersCost[]} */
  let costs = [];
  /** @type {import('../schema').Said | null} why something was not measured */
  let problem = null;
  let all = false, key = '', busy = false, asked = false;
  const toggle = button('', () => set({ matters: !state.matters }), { class: 'plain matters-toggle' });
  const panel = make('section', { class: 'matters card', hidden: '', 'aria-live': 'polite' });
  root.querySelector('.xray-sticky .grow')?.before(toggle);
  section.querySelector('.hint')?.before(panel);

  on(['key'], async () => {
    if (!state.key || state.key === key) return;
    key = state.key;
    found = [];
    problem = null;
    const answer = await wire.ask('matters_cost');
    if (!answer || answer.error) return;
    costs = answer.sides;
    if (state.matters && !asked) measure(); // a link opened it
    else draw();
  });
  on(['key', 'joint', 'language'], draw);
  on(['matters'], () => {
    if (state.matters && (!found.length || problem) && !busy && costs.length) measure();
    else draw();
  });

  async function measure() {
    busy = asked = true;
    problem = null;
    draw();
    const mine = state.key, answers = [];
    for (const [k, cost] of costs.entries()) {
      const answer = cost.why ? null : await wire.ask('matters', { side: k });
      if (mine !== state.key) break;
      problem ??= answer?.error ?? null;
      answers.push(answer && !answer.error ? answer : null);
    }
    busy = false;
    if (mine === state.key) found = answers;
    draw();
  }

  function draw() {
    const arrows = costs.reduce((sum, each) => sum + each.arrows, 0);
    const seconds = costs.reduce((sum, each) => sum + each.seconds, 0);
    toggle.hidden = !arrows;
    toggle.textContent = say('xray.matters', { seconds: number(seconds, '.1f') });
    toggle.title = say('xray.matters_hint', { arrows });
    toggle.setAttribute('aria-pressed', String(state.matters));
    colour();
    panel.hidden = !state.matters || !arrows;
    if (panel.hidden) return;
    const whose = select([[null, say('xray.matters_all')], ['one', word('joint', state.joint)]], all ? null : 'one',
      (to) => {
        all = to === null;
        draw();
      }, { class: 'matters-whose' });
    refill(panel, () => panel.replaceChildren(
      make('div', 'xray-bar', make('h2', 'section heading', say('xray.matters_title')),
        make('label', 'foot', `${say('xray.matters_whose')} `, whose), make('span', 'grow'),
        ...(found.length ? [scale()] : []),
        button(say(busy ? 'xray.computing' : 'xray.matters_again', { seconds: number(seconds, '.1f') }), measure,
          { class: 'plain matters-measure', disabled: busy ? '' : null,
            hidden: busy || problem || !found.length ? null : '' })),
      make('p', 'foot', make('b', {}, say('xray.matters_sum')), ` ${say('xray.matters_note', { arrows })}`,
        state.flip ? ` ${say('xray.flip_note')}` : ''),
      ...(problem ? [failure(problem)] : []),
      make('div', 'matters-two', ...costs.map((cost, k) => list(k)))));
  }

  const joint = () => (all ? null : state.joint);
  // The top of the scale: a torso, or the farthest move where none is as far.
  const top = () => {
    const moves = found.flatMap((side) => (side ? weighed(side, joint()).map((each) => each.move) : []));
    const torso = found.find((side) => side?.torso)?.torso ?? Infinity;
    return Math.max(1e-9, Math.min(torso, Math.max(0, ...moves.filter(Number.isFinite))));
  };
  const scale = () => make('span', 'foot matters-scale', '0 ', make('i', {}),
    ` ${say('xray.matters_scale', { pixels: top() })}`);

  /** @param {number} k */
  function list(k) {
    const side = found[k], head = make('h3', {}, short(costs[k].title));
    if (costs[k].why) return make('div', {}, head, make('p', 'foot', say(costs[k].why ?? '')));
    if (!side) return make('div', {}, head);
    if (joint() !== null && !side.joints.includes(state.joint)) {
      return make('div', {}, head, make('p', 'foot', say('page.no_joint')));
    }
    const most = top();
    const row = (/** @type {Weighed} */ { cut: each, move, change }) => make('li', { 'data-place': each.place },
      link(each.place, () => show(k, each), { title: say(`xray.kind_${each.kind}`) }),
      make('span', { class: 'bar', style: `--share:${weight(move, most)}` },
        Number.isFinite(move) ? `${number(move, '.1f')} px`
          : say(move === Infinity ? 'xray.matters_lost' : 'xray.matters_none')),
      make('span', 'foot', number(change, '.0%')),
      button('✂', () => cut(wire, k, each.place), { class: 'plain scissors', title: say('xray.cut', each),
        'aria-label': say('xray.cut', each) }));
    return make('div', {}, head, make('p', 'foot', say('xray.matters_cell', { pixels: side.cell })),
      ...(side.note ? [make('p', 'foot', tell(side.note))] : []),
      make('ol', 'matters-list', ...weighed(side, joint()).map(row)));
  }

  // Every arrow that was measured in its weight; of several cuts on one arrow the heaviest counts. A stack is many
  // arrows: its name is underlined.
  function colour() {
    for (const old of /** @type {NodeListOf<SVGElement>} */ (section.querySelectorAll('.arrow.weighed'))) {
      old.classList.remove('weighed');
      old.style.removeProperty('--weight');
    }
    for (const old of section.querySelectorAll('.weighed-stack')) old.remove();
    if (!state.matters) return;
    const most = top();
    found.forEach((side, k) => {
      if (!side || (joint() !== null && !side.joints.includes(state.joint))) return;
      for (const { cut: each, move } of weighed(side, joint()).reverse()) {
        if (Number.isNaN(move)) continue; // no cut can move what has no answer
        const share = weight(move, most);
        for (const ends of each.drawn) paint(at(k, ends), share);
        if (each.kind === 'stack') underline(k, each.place, share);
      }
    });
  }

  // The arrows of a cut, in the drawing: lit, and where they end brought into sight.
  function show(/** @type {number} */ k, /** @type {Cut} */ each) {
    for (const old of section.querySelectorAll('.arrow.lit')) old.classList.remove('lit');
    const drawn = each.drawn.map((ends) => at(k, ends)).filter((node) => node !== null);
    for (const node of drawn) node.classList.add('lit');
    if (each.drawn.length) walk(k, each.drawn[0][1]);
    else section.querySelector(`.map-scroll[data-side="${k}"]`)?.scrollIntoView({ block: 'nearest' });
  }
}

/** @param {number} move @param {number} most */
const weight = (move, most) => Math.min(1, (move || 0) / most);
/** @param {number} k @param {[string, string]} ends @returns {SVGElement | null} */
const at = (k, [from, to]) => section.querySelector(
  `.map-scroll[data-side="${k}"] .arrow[data-from="${CSS.escape(from)}"][data-to="${CSS.escape(to)}"]`);

/** @param {SVGElement | null} node @param {number} share */
function paint(node, share) {
  node?.classList.add('weighed');
  node?.style.setProperty('--weight', String(share));
}

/** @param {number} k @param {string} stack @param {number} share */
function underline(k, stack, share) {
  const titles = /** @type {SVGTextElement[]} */ (
    [...section.querySelectorAll(`.map-scroll[data-side="${k}"] text.title`)]);
  const title = titles.find((text) => text.dataset.drawn?.replace(' ', '') === stack); // as in every language
  const box = title?.getBBox();
  if (!title || !box) return;
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', `M${box.x} ${box.y + box.height + 5}h${Math.max(60, box.width)}`);
  line.setAttribute('class', 'arrow weighed-stack');
  title.after(line);
  paint(line, share);
}
