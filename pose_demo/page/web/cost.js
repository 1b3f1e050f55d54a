// What stands over the bars of what the last comparison cost.
import { make } from './dom.js';
import { on } from './store.js';
import { say } from './words.js';

/** @param {HTMLElement} element */
export function start(element) {
  /** @type {import('./schema').CostPatch | null} */
  let sent = null;
  const draw = () => element.replaceChildren(make('h2', 'section', say('page.cost')),
    ...(sent?.device ? [make('p', 'cost-note', say('page.cost_note', sent))] : []));
  on(['language'], draw);
  return (/** @type {import('./schema').CostPatch} */ patch) => {
    sent = patch;
    draw();
  };
}
