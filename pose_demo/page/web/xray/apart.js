// The same network on both sides: every cell in the colour of how much its map differs, one scale, shown; a term of a
// sum is no cell, and has its arrow coloured.
import { legend, shade } from '../colour.js';
import { button, link, make } from '../dom.js';
import { on, set, state } from '../store.js';
import { say } from '../words.js';
import { cover, uncover } from './covers.js';
import { section, walk } from './maps.js';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const toggle = button('', () => {
    set({ apart: !state.apart });
  }, { class: 'plain apart-toggle', hidden: '' });
  const scale = make('span', 'foot apart-scale');
  root.querySelector('.xray-sticky .grow')?.before(toggle, scale);
  on(['key', 'language', 'apart'], draw);

  async function draw() {
    toggle.hidden = !state.key || state.networks[0] !== state.networks[1];
    toggle.textContent = say('xray.apart');
    toggle.setAttribute('aria-pressed', String(state.apart));
    scale.replaceChildren();
    if (state.apart || section.querySelector('.apart')) uncover('apart');
    for (const old of /** @type {NodeListOf<SVGElement>} */ (section.querySelectorAll('.apart-way'))) {
      old.classList.remove('apart-way');
      for (const name of ['stroke', '--apart']) old.style.removeProperty(name);
    }
    if (!state.apart || toggle.hidden) return;
    const answer = await wire.ask('apart');
    if (!answer || answer.error || !state.apart) return;
    const { first, cell } = answer, top = answer.top || 1;
    const size = (/** @type {number | null} */ share) => share ?? Infinity;
    scale.append(legend(0, answer.top), say('xray.apart_note'));
    if (first && cell) scale.append(` · ${say('xray.apart_first')} `, link(first, () => walk(0, cell)));
    for (const { ends: [from, to], share } of answer.ways) colour(from, to, Math.min(1, size(share) / top));
    cover('apart', (_, name) => (name in answer.cells ? size(answer.cells[name]) : null), top, '.1%');
    for (const over of section.querySelectorAll('.apart[data-share=Infinity]')) {
      const figure = over.parentNode?.querySelector('.size');
      if (figure) figure.textContent = say('xray.apart_new');
    }
  }
}

/** @param {string} from @param {string} to @param {number} share */
function colour(from, to, share) {
  const ends = `[data-from="${CSS.escape(from)}"][data-to="${CSS.escape(to)}"]`;
  for (const node of /** @type {NodeListOf<SVGElement>} */ (section.querySelectorAll(`.map-scroll .arrow${ends}`))) {
    node.classList.add('apart-way');
    node.style.setProperty('stroke', shade(share));
    node.style.setProperty('--apart', String(share));
  }
}
