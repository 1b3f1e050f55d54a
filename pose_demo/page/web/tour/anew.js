// What the next group of a class shall find: the page as it opens, with nothing of the group before.
import { first } from '../photo.js';
import { set } from '../store.js';

/** What lies over the drawings, by the buttons that close it, and the tab that a page opens on. */
const OPEN = ['.matters-toggle[aria-pressed=true]', '.gradient-toggle[aria-pressed=true]', '[data-play=end]',
  '#rooms [role=tab][data-tab-id=photo][aria-selected=false]'];

/** @param {import('../channel.js').Wire} wire */
export function anew(wire) {
  for (const node of document.querySelectorAll(OPEN.join())) /** @type {HTMLElement} */ (node).click();
  set({ pin: null, channel: null, pixel: null, against: null, view: null, apart: false });
  first((example) => wire.send('anew', example));
}
