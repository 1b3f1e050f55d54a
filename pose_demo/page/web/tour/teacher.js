// Teacher's view: the tour alone, full screen, legible from the last row, with the one thing that the step is about.
import { make } from '../dom.js';
import { state } from '../store.js';
import { say, short } from '../words.js';
import { enlarged } from '../xray/maps.js';

/** Goes in or out. @param {HTMLElement} root @param {boolean} [on] */
export function teach(root, on = !root.classList.contains('teach')) {
  root.classList.toggle('teach', on);
  root.querySelector('.full')?.setAttribute('aria-pressed', String(on));
  if (on) root.requestFullscreen?.().catch(() => {}); // a frame may forbid it: the tour fills the window all the same
  else if (document.fullscreenElement) document.exitFullscreen();
}

document.addEventListener('fullscreenchange', () => {
  const left = !document.fullscreenElement && document.querySelector('.tour.teach');
  if (left) teach(/** @type {HTMLElement} */ (left), false);
});

/**
 * The step's cell as large as there is room, and once the answer is there the photo too: seen in the teacher's view
 * alone.
 * @param {[number, string] | null} ready @param {import('./tour.js').Step} step
 * @param {(cells: string[]) => [number, string] | null} side
 * @param {string[] | null} before the skeletons before the experiment; null: nothing is answered yet
 */
export function picture(ready, step, side, before) {
  const found = ready && side(step.cell);
  const large = found && enlarged({ side: found[0], cell: found[1] });
  const moved = before && found ? photos(before) : [];
  const still = before && found && !moved.length ? [photo(found[0])] : [];
  return make('figure', 'tour-picture', ...(moved.length || still.length ? [make('div', 'tour-photos', ...moved,
    ...still)] : []), ...(large && !moved.length ? [large, make('figcaption', {}, found[1])] : []));
}

/** What the experiment moved: each such skeleton over the photo, as it is and as it was. @param {string[]} before */
function photos(before) {
  return [...state.skeletons.keys()].flatMap((k) => {
    const ghost = document.querySelectorAll('.pair .view')[k]?.querySelector('svg.ghost');
    return ghost || (before[k] && before[k] !== state.skeletons[k]) ? [photo(k, ghost ? '' : before[k], true)] : [];
  });
}

/** A network's skeleton over the photo. @param {number} k @param {string} [before] @param {boolean} [moved] */
function photo(k, before = '', moved = false) {
  const canvas = document.querySelectorAll('.pair .view .canvas')[k]?.cloneNode(true);
  if (!(canvas instanceof HTMLElement)) return '';
  for (const name of ['tabindex', 'role', 'data-label', 'aria-label']) canvas.removeAttribute(name);
  const was = make('div', 'was');
  was.innerHTML = before;
  canvas.querySelector('.skeletons')?.before(was);
  const title = short(state.sides[k].title);
  return make('figure', 'tour-photo', canvas, make('figcaption', {}, moved ? say('tour.pale', { title }) : title));
}
