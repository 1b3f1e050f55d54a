// Show me the code: our own lines that compute the cell, with the shapes of this photo's pass.
import { make } from '../dom.js';
import { say } from '../words.js';
import { state } from '../store.js';
import { trouble } from './part.js';

/** @param {number[]} shape as PyTorch writes it */
const tuple = (shape) => `(${shape.join(', ')})`;

/** Equal shapes in a row as one. @param {number[][]} shapes */
export function told(shapes) {
  /** @type {[string, number][]} */
  const runs = [];
  for (const text of shapes.map(tuple)) {
    const last = runs.at(-1);
    if (last?.[0] === text) last[1] += 1;
    else runs.push([text, 1]);
  }
  return runs.map(([text, times]) => (times > 1 ? `${times} × ${text}` : text)).join(', ');
}

/** @type {import('./inspector.js').Tab} */
export async function code(body, _cell, wire) {
  if (!state.pin) return;
  const answer = await wire.ask('code', state.pin);
  if (!answer || trouble(body, answer)) return;
  const made = answer.made.map(({ name, shape }) => `${name} ${tuple(shape)}`).join(', ');
  body.replaceChildren(make('p', {}, say('xray.code_from', { made, shape: tuple(answer.shape) })),
    ...answer.passages.map(passage), make('p', 'foot', say('xray.code_calls', { calls: answer.calls.join(' → ') })));
}

/** @param {import('../schema').Passage} part */
function passage({ name, file, lines }) {
  const rows = lines.map(({ number, text, shapes }) => make('span', shapes ? 'line marked' : 'line',
    make('i', 'at', number), make('code', {}, text || ' '), make('b', {}, shapes?.length ? `→ ${told(shapes)}` : '')));
  const listing = make('pre', { class: 'source', tabindex: '0', 'aria-label': `${file}: ${name}` }, ...rows);
  requestAnimationFrame(() => {
    const first = /** @type {HTMLElement | null} */ (listing.querySelector('.marked'));
    listing.scrollTop = Math.max(0, (first?.offsetTop ?? 0) - listing.offsetTop - 60);
  });
  const caption = make('figcaption', {}, make('b', {}, name), make('span', 'foot', ` ${file}`));
  return make('figure', 'passage', caption, listing);
}
