// Cells covered with a colour and their size with a figure: one measure over the whole drawing, and back.
import { shade } from '../colour.js';
import { number } from '../words.js';
import { section } from './maps.js';

/** @param {string} name */
export function uncover(name) {
  for (const old of section.querySelectorAll(`.${name}`)) old.remove();
  for (const text of section.querySelectorAll('.size[data-size]')) text.textContent = text.getAttribute('data-size');
}

/** @param {string} name @param {(side: number, cell: string) => number | null | undefined} share
 * @param {number} top of the colours @param {string} how the figure is written */
export function cover(name, share, top, how) {
  for (const rim of section.querySelectorAll('.map-scroll .rim')) {
    const cell = /** @type {HTMLElement | null} */ (rim.parentNode?.querySelector('.cell'));
    const side = Number(/** @type {HTMLElement} */ (rim.closest('.map-scroll')).dataset.side);
    const value = share(side, cell?.dataset.cell ?? '');
    if (value === undefined || value === null) continue;
    const over = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
    for (const each of ['x', 'y', 'width', 'height']) over.setAttribute(each, rim.getAttribute(each) ?? '');
    over.setAttribute('class', `cover ${name}`);
    over.setAttribute('fill', shade(top ? value / top : 0));
    over.setAttribute('data-share', String(value));
    rim.before(over);
    const size = rim.parentNode?.querySelector('.size');
    if (!size) continue;
    if (!size.hasAttribute('data-size')) size.setAttribute('data-size', size.textContent ?? '');
    size.textContent = number(value, how);
  }
}
