// The same network on both sides: every cell in the colour of how much its map differs, one scale, shown.
import { legend, shade } from '../colour.js';
import { button, make } from '../dom.js';
import { on, state } from '../store.js';
import { number, say } from '../words.js';
import { section } from './maps.js';

const SVG = 'http://www.w3.org/2000/svg';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  let shown = false;
  const toggle = button('', () => {
    shown = !shown;
    draw();
  }, { class: 'plain apart-toggle', hidden: '' });
  const scale = make('span', 'foot apart-scale');
  root.querySelector('.xray-sticky .grow')?.before(toggle, scale);
  on(['key', 'language'], draw);

  async function draw() {
    toggle.hidden = !state.key || state.networks[0] !== state.networks[1];
    toggle.textContent = say('xray.apart');
    toggle.setAttribute('aria-pressed', String(shown));
    scale.replaceChildren();
    for (const old of section.querySelectorAll('.apart')) old.remove();
    for (const text of section.querySelectorAll('.size[data-size]')) text.textContent = text.getAttribute('data-size');
    if (!shown || toggle.hidden) return;
    const answer = await wire.ask('apart');
    if (!answer || answer.error || !shown) return;
    scale.append(legend(0, answer.top), say('xray.apart_note'));
    for (const rim of section.querySelectorAll('.map-scroll .rim')) {
      const cell = /** @type {HTMLElement | null} */ (rim.parentNode?.querySelector('.cell'));
      const share = answer.cells[cell?.dataset.cell ?? ''];
      if (share === undefined) continue;
      const cover = document.createElementNS(SVG, 'rect');
      for (const name of ['x', 'y', 'width', 'height']) cover.setAttribute(name, rim.getAttribute(name) ?? '');
      cover.setAttribute('class', 'apart');
      cover.setAttribute('fill', shade(answer.top ? share / answer.top : 0));
      cover.setAttribute('data-share', String(share));
      rim.before(cover);
      const size = rim.parentNode?.querySelector('.size');
      if (!size) continue;
      if (!size.hasAttribute('data-size')) size.setAttribute('data-size', size.textContent ?? '');
      size.textContent = number(share, '.1%');
    }
  }
}
