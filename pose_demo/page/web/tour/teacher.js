// Teacher's view: the tour alone, full screen, legible from the last row, with the one thing that the step is about.
import { make } from '../dom.js';
import { find } from '../xray/maps.js';

/** Goes in or out. @param {HTMLElement} root @param {boolean} [on] */
export function teach(root, on = !root.classList.contains('teach')) {
  root.classList.toggle('teach', on);
  if (on) root.requestFullscreen?.().catch(() => {}); // a frame may forbid it: the tour fills the window all the same
  else if (document.fullscreenElement) document.exitFullscreen();
}

document.addEventListener('fullscreenchange', () => {
  if (!document.fullscreenElement) document.querySelector('.tour.teach')?.classList.remove('teach');
});

/**
 * The step's cell as large as there is room: seen in the teacher's view alone.
 * @param {[number, string] | null} ready @param {import('./tour.js').Step} step
 * @param {(cells: string[]) => [number, string] | null} side
 */
export function picture(ready, step, side) {
  const found = ready && side(step.cell);
  const cell = found && find({ side: found[0], cell: found[1] });
  const thumb = cell?.parentNode instanceof Element ? cell.parentNode.querySelector('.thumb') : null;
  if (!thumb || !found) return make('figure', 'tour-picture');
  const large = /** @type {Element} */ (thumb.cloneNode(true));
  for (const [part, value] of Object.entries({ x: 0, y: 0, width: '100%', height: '100%' })) {
    large.setAttribute(part, String(value));
  }
  const box = make('div', { class: 'tour-map',
    style: `aspect-ratio:${thumb.getAttribute('width')}/${thumb.getAttribute('height')}` });
  box.append(large);
  return make('figure', 'tour-picture', box, make('figcaption', {}, found[1]));
}
