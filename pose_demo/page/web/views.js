// Two skeletons over the photo, and the joints that somebody placed by hand.
import { line, make } from './dom.js';
import { over } from './overlay.js';
import { on, set, state as shared } from './store.js';
import { badge, say, speak, tell, word } from './words.js';

/** @typedef {import('./schema').ViewsPatch} Patch */

/** @param {number} seconds */
const time = (seconds) => (seconds >= 1 ? `${seconds.toFixed(1)} s` : `${(1000 * seconds).toFixed(0)} ms`);

/** @param {Partial<Patch>} patch @returns {typeof shared.work} */
const worked = ({ busy, poses, error }) => (
  busy ? 'on' : poses || (!error && shared.work === 'drawing') ? 'drawing' : 'none');

/** @param {HTMLElement} element */
export function start(element) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  /** @type {Partial<Patch>} */
  let state = { busy: { key: 'page.starting' } };
  let placed = false;

  function draw(/** @type {Partial<Patch>} */ patch) {
    state = { ...state, ...patch };
    line($('.busy'), tell(state.busy));
    line($('.error'), tell(state.error));
    element.classList.toggle('waiting', Boolean(state.busy));
    if ('busy' in patch) set({ work: worked(patch) });
    if (patch.poses) drawResults(/** @type {Patch} */ (state));
  }

  function drawResults(/** @type {Patch} */ { poses, person, marks, photo, closeup, threshold }) {
    const pair = $('.pair'), shown = shared.photos.find((each) => each.number === photo) || shared.photos.at(-1);
    set({ seen: closeup || shown || null, skeletons: poses.map((pose) => pose.svg), threshold });
    element.classList.toggle('nobody', !person);
    if (!pair.querySelector('.skeletons')) {
      pair.replaceChildren(...poses.map(() => make('figure', 'view',
        make('figcaption', {}, make('h2', 'name'), make('span', 'badges'), make('p', 'what foot')),
        make('div', { class: 'canvas', tabindex: 0, role: 'application', 'data-label': 'page.walk' },
          make('img', { alt: '' }), make('div', 'skeletons')), make('p', 'foot pass'))));
      speak(pair);
    }
    poses.forEach((pose, k) => {
      const view = pair.children[k];
      view.querySelector('.name').textContent = pose.title;
      view.querySelector('.badges').replaceChildren(mark(pose),
        ...(person ? [] : [make('span', 'badge nobody', say('page.nobody'))]));
      view.querySelector('.pass').textContent =
        [say('page.joints_shown', pose), say('page.pass', { time: time(pose.seconds) }), tell(pose.note)]
          .filter(Boolean).join(' · ');
      view.querySelector('.what').textContent = [pose.what && say(`page.${pose.what}`),
        !pose.trained && say('page.untrained_how')].filter(Boolean).join(' ');
      view.classList.toggle('untrained', !pose.trained);
      over(view, (pose.ghost ?? '') + pose.svg);
      if (placed) view.querySelector('svg.skeleton').append(...marks.map(diamond));
    });
    $('.placed').hidden = !marks.length;
  }

  /** @param {import('./schema').Mark} mark */
  function diamond({ joint, x, y }) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const r = Math.max(shared.seen?.width ?? 0, shared.seen?.height ?? 0) / 75;
    node.setAttribute('d', `M${x} ${y - r}l${r} ${r}l${-r} ${r}l${-r} ${-r}z`);
    node.setAttribute('class', 'hand');
    node.append(document.createElementNS(node.namespaceURI, 'title'));
    /** @type {Element} */ (node.firstElementChild).textContent = `${word('joint', joint)}: ${say('page.placed')}`;
    return node;
  }

  /** @param {import('./schema').PoseView} pose */
  const mark = (pose) => make('span', pose.trained ? 'badge' : 'badge untrained', badge(pose));

  $('.placed').addEventListener('click', () => {
    placed = !placed;
    $('.placed').setAttribute('aria-pressed', String(placed));
    draw(state);
  });
  speak(element);
  on(['language'], () => draw(state));
  on(['photos'], () => { if (shared.photos.at(-1)?.number === state.photo) draw(state); }); // it came after its results
  return draw;
}
