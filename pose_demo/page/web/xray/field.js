// What a cell can see of the photo, and what it does see: the cell over the pinned place, else the one in the middle.
import { canvas, legend } from '../colour.js';
import { button, make } from '../dom.js';
import { on, state } from '../store.js';
import { say, tell } from '../words.js';
import { trouble } from './part.js';
import { reading, see } from './pixels.js';

/** @typedef {import('./part.js').Wire} Wire */
/** @typedef {import('../schema').Pin} Pin */

/** @type {{ body: HTMLElement, pin: Pin, wire: Wire } | null} */
let shown = null;

on(['pixel'], () => {
  if (shown?.body.isConnected && shown.pin === state.pin) fill(shown.body, shown.pin, shown.wire);
});

/** @type {import('./inspector.js').Tab} */
export async function field(body, _cell, wire) {
  const { pin } = state;
  if (!pin) return;
  shown = { body, pin, wire };
  await fill(body, pin, wire);
}

/** @param {HTMLElement} body @param {Pin} pin @param {Wire} wire */
async function fill(body, pin, wire) {
  const place = state.pixel && reading(pin, state.pixel), at = place && [place.y, place.x];
  const found = await wire.ask('field', { ...pin, at });
  see(null);
  if (!found || trouble(body, found)) return;
  const { box: [x0, y0, x1, y1], input: [width, height] } = found;
  const part = (/** @type {number} */ v, /** @type {number} */ of) => `${(100 * v) / of}%`;
  const image = make('img', { alt: '' }), note = make('p', 'foot', say('xray.effective'));
  const theory = make('i', { class: 'theory', style: `left:${part(x0, width)};top:${part(y0, height)};width:${
    part(x1 - x0, width)};height:${part(y1 - y0, height)}` });
  const frame = make('div', { class: 'sight', style: `aspect-ratio:${width}/${height}` }, image, theory);
  const compute = button(say('xray.compute'), async () => {
    compute.disabled = true;
    compute.textContent = say('xray.computing');
    const answer = await wire.ask('effective', { ...pin, at });
    if (!answer || trouble(note, answer)) return;
    compute.remove();
    note.after(legend(0, answer.high), make('p', 'foot', say('xray.range_field', answer)));
    frame.insertBefore(canvas(answer, { clear: true, label: say('xray.effective') }), theory);
    if (answer.note) note.append(` ${tell(answer.note)}`);
    if (!answer.photo) return;
    note.append(` — ${say('xray.half', { pixels: answer.photo.r })}`);
    frame.append(make('i', { class: 'half', style: `left:${part(answer.x + 0.5 - answer.half, width)};top:${
      part(answer.y + 0.5 - answer.half, height)};width:${part(2 * answer.half, width)}` }));
    see(answer.photo);
  }, { class: 'plain compute' });
  body.replaceChildren(make('div', 'fields', make('figure', 'big', frame), make('div', {},
    make('p', {}, say(place ? 'xray.field_pinned' : 'xray.field_middle', { x: found.at[1], y: found.at[0] })),
    make('p', {}, say('xray.theory', found)), make('p', 'foot', say('xray.theory_note')), note, compute)));
  wire.ask('input', { side: pin.side }).then((answer) => { image.src = answer?.src ?? ''; });
}
