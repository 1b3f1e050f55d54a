// Follow the gradient: every cell in the colour of the part that its nearest loss sends, and what arrives on the way.
import { legend } from '../colour.js';
import { button, make } from '../dom.js';
import { on, set, state } from '../store.js';
import { say, tell } from '../words.js';
import { cover, uncover } from './covers.js';
import { section } from './maps.js';
import { trouble } from './part.js';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const toggle = button('', () => {
    const gradient = !state.gradient;
    set(gradient && state.apart ? { gradient, apart: false } : { gradient }); // both colour the cells
  }, { class: 'plain gradient-toggle', hidden: '' });
  const panel = make('section', { class: 'gradient card', hidden: '', 'aria-live': 'polite' });
  root.querySelector('.xray-sticky .grow')?.before(toggle);
  section.querySelector('.hint')?.before(panel);
  on(['key', 'language', 'gradient'], draw);
  on(['apart'], () => { if (state.apart && state.gradient) set({ gradient: false }); });

  async function draw() {
    toggle.hidden = !state.key;
    toggle.textContent = say('xray.gradient');
    toggle.setAttribute('aria-pressed', String(state.gradient));
    if (state.gradient || section.querySelector('.nearest')) uncover('nearest');
    panel.hidden = !state.gradient || !state.key;
    if (panel.hidden) return;
    const head = make('div', 'xray-bar', make('h2', 'section heading', say('xray.gradient_title')),
      make('span', 'grow'), legend(0, 1));
    panel.replaceChildren(head, make('p', 'foot', say('xray.computing')));
    const answer = await wire.ask('gradient');
    if (!answer || !state.gradient || trouble(panel, answer)) return;
    cover('nearest', (side, cell) => answer.sides[side]?.cells[cell], 1, '.0%');
    const two = make('div', 'matters-two', ...answer.sides.map((side) => {
      const body = make('div', {}, make('h3', {}, side.title),
        ...(side.why ? [say(side.why)] : side.says.map(tell)).map((text) => make('p', 'foot', text)));
      const chart = make('div', 'gradient-chart');
      chart.innerHTML = side.svg;
      body.append(chart);
      return body;
    }));
    const { pair, stop } = answer, there = pair.every((name, k) => name === state.networks[k]);
    const offer = pair.length && !there ? [button(say('xray.gradient_pair', { first: pair[0], second: pair[1] }),
      () => wire.send('beside', { networks: pair, stop, own: null,
        cuts: state.cuts.map((own, k) => (pair[k] === state.networks[k] ? own : {})) }),
      { class: 'plain supervised-twice' })] : [];
    panel.replaceChildren(head, make('p', 'foot', say('xray.gradient_note')), ...offer, two);
  }
}
