// Teacher's view: the tour alone, full screen, legible from the last row, with the one thing that the step is about.
import { make } from '../dom.js';
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
 * The step's cell as large as there is room: seen in the teacher's view alone.
 * @param {[number, string] | null} ready @param {import('./tour.js').Step} step
 * @param {(cells: string[]) => [number, string] | null} side
 */
export function picture(ready, step, side) {
  const found = ready && side(step.cell);
  const large = found && enlarged({ side: found[0], cell: found[1] });
  return make('figure', 'tour-picture', ...(large ? [large, make('figcaption', {}, found[1])] : []));
}
