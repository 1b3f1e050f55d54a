// What each stage costs, measured when asked for.
import { button, make } from '../dom.js';
import { on, state } from '../store.js';
import { say, tell } from '../words.js';
import { card } from './part.js';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const measure = button('', () => {
    measure.disabled = true;
    measure.textContent = say('xray.computing');
    wire.send('measure', { key: state.key });
  }, { class: 'plain measure' });
  const { node, heading } = card(root, 'costs', measure);
  const note = make('p', 'foot'), lines = make('p', 'foot cost-lines');
  node.append(note, lines);

  on(['key', 'costs', 'language'], () => {
    node.hidden = !state.key;
    heading.textContent = say('xray.costs');
    note.textContent = say('xray.cost_note');
    measure.disabled = false;
    measure.textContent = say('xray.measure');
    lines.replaceChildren(...(state.costs ?? []).flatMap((said) => [said.map(tell).join(' '), make('br')]));
  });
}
