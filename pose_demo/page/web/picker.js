// One network's picker, in groups, and under it what can be done where its weights are not here.
import { make } from './dom.js';
import { on } from './store.js';
import * as weights from './weights.js';
import { say } from './words.js';

/** @param {(string | false | null)[]} parts */
const told = (...parts) => parts.filter(Boolean).join(' · ');

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const choice = make('select', { onchange: () => wire.send('network', { to: choice.value }) });
  const name = make('span', 'bar-word'), panel = make('div', 'panel');
  element.replaceChildren(make('label', 'picker', name, choice), panel);
  const missing = weights.start(panel, wire);
  /** @type {Partial<import('./schema').WeightsPatch>} */
  let sent = {};

  function draw() {
    name.textContent = sent.side ? say(`page.${sent.side}`) : '';
    choice.replaceChildren(...(sent.groups ?? []).map(({ group, choices }) =>
      make('optgroup', { label: told(say(`page.group_${group}`), choices.some((each) => each.single)
        && say('weights.single')) }, ...choices.map((each) =>
        make('option', { value: each.name }, told(each.title, each.figure,
          each.unproven && say('weights.unproven')))))));
    choice.value = sent.value ?? '';
  }

  on(['language'], draw);
  return (/** @type {import('./schema').WeightsPatch} */ patch) => {
    sent = { ...sent, ...patch };
    draw();
    missing(patch);
  };
}
