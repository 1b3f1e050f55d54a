// A joint's heatmaps: one strip a network, one picture a supervision.
import { make } from './dom.js';
import { on, set } from './store.js';
import { badge, number, say, word } from './words.js';

/** @param {HTMLElement} element */
export function start(element) {
  /** @type {import('./schema').HeatPatch | null} */
  let sent = null;

  /** @param {import('./schema').HeatSide} side @param {number} at @param {string} heading */
  function strip(side, at, heading) {
    const pictures = side.pictures.map((map, k) => {
      const name = k + 1 === side.pictures.length ? say('page.answer') : say('page.supervision', { stack: k + 1 });
      return make('figure', {}, make('img', { class: 'over', src: map.src, alt: `${heading}, ${side.title}, ${name}` }),
        make('figcaption', {}, `${name} · ${number(map.peak, '.2f')}`));
    });
    return make('div', { class: 'strip', 'data-side': at },
      make('p', 'of', side.title, make('span', side.trained ? 'badge' : 'badge untrained', badge(side))),
      make('div', pictures.length > 4 ? 'maps many' : 'maps',
        ...(pictures.length ? pictures : [make('p', 'foot', say('page.no_joint'))])));
  }
  function draw() {
    if (!sent?.sides) return;
    const heading = say('page.heatmaps', { joint: word('joint', sent.joint) });
    element.replaceChildren(make('section', 'heat', make('h2', 'section heading', heading),
      make('div', 'strips', ...sent.sides.map((side, k) => strip(side, k, heading))),
      make('div', 'scale', make('span', {}, '0'), make('i'), make('span', 'peak', number(sent.top, '.2f'))),
      make('p', 'foot', say('page.heatmap_note'))));
  }

  on(['language'], draw);
  return (/** @type {import('./schema').HeatPatch} */ patch) => {
    if (!patch.sides) return;
    sent = patch;
    draw();
    set({ joint: patch.joint });
  };
}
