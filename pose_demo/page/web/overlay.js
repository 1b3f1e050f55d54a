// A picture with something drawn over it, both in the photo's shape.
import { shape } from './dom.js';
import { state } from './store.js';
import { tell } from './words.js';

/** Lays an <svg> over what is seen of the photo. @param {HTMLElement} view @param {string} svg */
export function over(view, svg) {
  const node = /** @type {HTMLElement} */ (view.querySelector('.canvas')), image = node.querySelector('img');
  const photo = state.seen;
  if (!photo || !image) return;
  shape(node, photo.width, photo.height);
  if (image.src !== photo.src) image.src = photo.src;
  const layer = /** @type {HTMLElement} */ (node.querySelector('.skeletons'));
  layer.innerHTML = svg;
  speakOf(layer);
}

/** Says in the visitor's language what a hover or a screen reader tells of a drawing. @param {Element} layer */
export function speakOf(layer) {
  for (const node of /** @type {NodeListOf<SVGElement>} */ (layer.querySelectorAll('[data-said]'))) {
    const text = tell(JSON.parse(node.dataset.said ?? ''));
    if (node.localName === 'title') node.textContent = text;
    else node.setAttribute('aria-label', text);
  }
}
