// Under a picker: what can be done where a network's weights are not here; and a network of one's own.
import { button, make } from './dom.js';
import { on } from './store.js';
import { say, tell } from './words.js';

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  /** @type {import('./schema').WeightsPatch} */
  let sent = { megabytes: 0, says: null, fetch: false, take: false, own: false };
  const file = make('input', { type: 'file', tabindex: '-1', hidden: '', onchange: choose });

  async function choose() {
    const chosen = file.files?.[0];
    file.value = '';
    if (!chosen) return;
    if (chosen.size > sent.megabytes * 1e6) return change({ says: { key: 'page.weights_large', values: sent } });
    change({ says: { key: 'page.uploading' } });
    try {
      const { path } = await wire.upload(chosen);
      if (sent.own) wire.send('own', { path });
      else wire.send('take_weights', { path });
    } catch {
      change({ says: { key: 'page.weights_failed', values: sent } });
    }
  }
  function draw() {
    const { says, fetch, take, own } = sent, note = says ? [make('p', 'note', tell(says))] : [];
    element.replaceChildren(...(says || own ? [make('div', own ? 'own' : 'missing', ...note, make('div', 'row',
      ...(fetch ? [button(say('page.fetch'), () => wire.send('fetch', {}), { class: 'primary' })] : []),
      ...(take || own ? [button(say(own ? 'page.own' : 'page.import'), () => file.click())] : []), file))] : []));
  }
  function change(/** @type {Partial<import('./schema').WeightsPatch>} */ patch) {
    sent = { ...sent, ...patch };
    draw();
  }

  on(['language'], draw);
  return change;
}
