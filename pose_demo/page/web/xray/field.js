// What a cell can see of the photo, and what it does see.
import { canvas, legend } from '../colour.js';
import { button, make } from '../dom.js';
import { state } from '../store.js';
import { say } from '../words.js';
import { trouble } from './part.js';

/** @type {import('./inspector.js').Tab} */
export function field(body, cell, wire) {
  const { box: [x0, y0, x1, y1], input: [width, height] } = cell.field;
  const part = (/** @type {number} */ v, /** @type {number} */ of) => `${(100 * v) / of}%`;
  const image = make('img', { alt: '' }), note = make('p', 'foot', say('xray.effective'));
  const theory = make('i', { class: 'theory', style: `left:${part(x0, width)};top:${part(y0, height)};width:${
    part(x1 - x0, width)};height:${part(y1 - y0, height)}` });
  const frame = make('div', { class: 'sight', style: `aspect-ratio:${width}/${height}` }, image, theory);
  const compute = button(say('xray.compute'), async () => {
    compute.disabled = true;
    compute.textContent = say('xray.computing');
    const answer = await wire.ask('effective', state.pin ?? {});
    if (!answer || trouble(note, answer)) return;
    compute.remove();
    note.append(` — ${say('xray.half', { pixels: answer.half })}`);
    note.after(legend(0, answer.high));
    frame.insertBefore(canvas(answer, { clear: true, label: say('xray.effective') }), theory);
  }, { class: 'plain compute' });
  body.replaceChildren(make('div', 'fields', make('figure', 'big', frame), make('div', {},
    make('p', {}, say('xray.theory', cell.field)), make('p', 'foot', say('xray.theory_note')), note, compute)));
  wire.ask('input', { side: state.pin?.side }).then((answer) => { image.src = answer?.src ?? ''; });
}
