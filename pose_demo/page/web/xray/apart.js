// The same network on both sides: every cell in the colour of how much its map differs, one scale, shown.
import { legend } from '../colour.js';
import { button, make } from '../dom.js';
import { on, set, state } from '../store.js';
import { say } from '../words.js';
import { cover, uncover } from './covers.js';
import { section } from './maps.js';

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
    if (!state.apart || toggle.hidden) return;
    const answer = await wire.ask('apart');
    if (!answer || answer.error || !state.apart) return;
    scale.append(legend(0, answer.top), say('xray.apart_note'));
    cover('apart', (_, cell) => answer.cells[cell], answer.top, '.1%');
  }
}
