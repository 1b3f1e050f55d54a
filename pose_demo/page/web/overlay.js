// A picture with something drawn over it, both in the photo's shape.
import { shape } from './dom.js';
import { state } from './store.js';

/** Lays an <svg> over what is seen of the photo. @param {HTMLElement} view @param {string} svg */
export function over(view, svg) {
  const node = /** @type {HTMLElement} */ (view.querySelector('.canvas')), image = node.querySelector('img');
  const photo = state.seen;
  if (!photo || !image) return;
  shape(node, photo.width, photo.height);
  if (image.src !== photo.src) image.src = photo.src;
  /** @type {HTMLElement} */ (node.querySelector('.skeletons')).innerHTML = svg;
}
