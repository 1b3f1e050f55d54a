// Under a picker: what can be done where a network's weights are not here; and a network of one's own.
import { expect, refusal } from './channel.js';
import { button, make, select } from './dom.js';
import { on } from './store.js';
import { say, tell, word } from './words.js';

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  /** @type {import('./schema').WeightsPatch} */
  let sent = { megabytes: 0, says: null, fetch: false, take: false, own: false };
  /** @type {import('./schema').Own} */
  let mine = { path: '' };
  const file = make('input', { type: 'file', tabindex: '-1', hidden: '', onchange: choose });

  async function choose() {
    const chosen = file.files?.[0];
    file.value = '';
    if (!chosen) return;
    if (chosen.size > sent.megabytes * 1e6) return change({ says: { key: 'page.weights_large', values: sent } });
    change({ says: { key: 'page.uploading' }, fields: {} });
    try {
      mine = await wire.upload(chosen);
      if (sent.own) wire.send('own', mine);
      else wire.send('take_weights', mine);
      expect(element, true, () => heard({ says: { key: 'page.unheard', values: { name: chosen.name } } }));
    } catch (problem) {
      change({ says: refusal(problem, 'page.weights_failed', chosen, sent.megabytes) });
    }
  }
  /** One thing that no tensor shows, with what it is taken for. @param {string} name @param {string} value */
  function field(name, value) {
    const choices = sent.known?.[name], label = say(`field.${name}`);
    const give = (/** @type {string | null} */ now) => {
      mine = { ...mine, fields: { ...mine.fields, [name]: now ?? '' } };
      wire.send('own', mine);
    };
    return make('label', 'field', label, choices
      ? select(choices.map((one) => [one, word('stop', word('switch', one))]), value, give)
      : make('input', { type: 'text', value, onchange: (/** @type {any} */ event) => give(event.target.value) }));
  }
  function draw() {
    const { says, fetch, take, own } = sent, note = says ? [make('p', 'note', tell(says))] : [];
    const fields = Object.entries(sent.fields ?? {}).map(([name, value]) => field(name, value));
    const kind = own ? 'own' : 'missing';
    element.replaceChildren(...(says || own ? [make('div', kind, ...note, ...fields, make('div', 'row',
      ...(fetch ? [button(say('page.fetch'), () => wire.send('fetch', {}), { class: 'primary' })] : []),
      ...(take || own ? [button(say(own ? 'page.own' : 'page.import'), () => file.click())] : []), file))] : []));
  }
  function change(/** @type {Partial<import('./schema').WeightsPatch>} */ patch) {
    sent = { ...sent, ...patch };
    draw();
  }
  function heard(/** @type {Partial<import('./schema').WeightsPatch>} */ patch) {
    expect(element, false);
    change(patch);
  }

  on(['language'], draw);
  return heard;
}
