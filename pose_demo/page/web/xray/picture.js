// Any part of the page as pixels: its elements with all their looks, in an SVG, in a canvas.
import { make } from '../dom.js';

const LOOKS = `color background-color background-image font display flex flex-wrap grid-template-columns gap align-items
  justify-content padding margin border border-radius width height position left top opacity fill stroke stroke-width
  text-anchor paint-order image-rendering text-align overflow box-sizing aspect-ratio transform white-space object-fit
  inset min-width max-width list-style border-collapse`.split(/\s+/);

/** @param {HTMLElement} node @param {number} times as large @returns {Promise<HTMLCanvasElement>} */
export async function frozen(node, times) {
  const map = node.querySelector('.xmap')?.getBoundingClientRect().width || 0;
  const width = Math.max(node.scrollWidth, map), height = node.scrollHeight;
  const copy = copied(node);
  copy.style.cssText += `;width:${width}px;height:auto;max-height:none;overflow:visible;margin:0;background:${
    getComputedStyle(document.body).backgroundColor}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width * times}" height="${height * times}"
    viewBox="0 0 ${width} ${height}"><foreignObject width="${width}" height="${height}">${
    new XMLSerializer().serializeToString(copy)}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const sheet = make('canvas', { width: width * times, height: height * times });
  sheet.getContext('2d')?.drawImage(image, 0, 0);
  return sheet;
}

/** @param {HTMLElement} node */
function copied(node) {
  const copy = /** @type {HTMLElement} */ (node.cloneNode(true));
  const from = [node, ...node.querySelectorAll('*')], to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((source, k) => {
    const looks = getComputedStyle(source);
    const style = LOOKS.map((name) => `${name}:${looks.getPropertyValue(name)}`).join(';');
    to[k].setAttribute('style', style);
    if (source instanceof HTMLCanvasElement) to[k].replaceWith(make('img', { src: source.toDataURL(), style }));
  });
  return copy;
}
