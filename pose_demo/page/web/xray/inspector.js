// The dock: everything about the pinned cell, a tab a file.
import { button, make, refill } from '../dom.js';
import { glossary } from '../glossary/glossary.js';
import { on, set, state } from '../store.js';
import { badge, say, speak } from '../words.js';
import { channels } from './channels.js';
import { code } from './code.js';
import { cut } from './cuts.js';
import { field } from './field.js';
import { open as openLayers } from './layers.js';
import { find, release, section, walk } from './maps.js';
import { pair } from './pair.js';
import { trouble } from './part.js';
import { sum } from './sum.js';

/** @typedef {import('../schema').CellAnswer} Cell */
/** @typedef {(body: HTMLElement, cell: Cell, wire: import('./part.js').Wire) => void | Promise<void>} Tab */

/** @type {Record<string, Tab>} */
const TABS = { channels, computation: sum, field, before_after: pair, code };

/** The tab that somebody asks for from elsewhere, until it is shown. @type {string | null} */
let wanted = null;

/** Opens a cell, on one of the tabs where that is said. @param {import('../schema').Pin} pin @param {string} [view] */
export function openOn(pin, view) {
  if (!find(pin)) return;
  wanted = view ?? null;
  walk(pin.side, pin.cell);
}

/** @param {HTMLElement} _root @param {import('./part.js').Wire} wire */
export function start(_root, wire) {
  const title = make('h3', 'dock-title'), tabs = make('div', { class: 'tabs', role: 'tablist' });
  const close = button('✕', () => release(true),
    { class: 'plain close', 'data-label': 'xray.close', 'data-hint': 'xray.close' });
  const body = make('div', { class: 'dock-body', role: 'tabpanel' });
  const silence = button('', () => { if (state.pin) cut(wire, state.pin.side, state.pin.cell); },
    { class: 'plain silence' });
  const about = button('?', () => glossary('field'), { class: 'plain about', hidden: '' });
  const layers = button('', () => { if (state.pin) openLayers(state.pin, wire); }, { class: 'plain open-layers' });
  const dock = make('section', { class: 'dock', hidden: '', tabindex: '-1' },
    make('div', 'dock-bar', title, silence, layers, tabs, about, close), body);
  section.append(dock);
  speak(dock);
  let tab = 'channels', by = 'energy', opened = '';
  /** @type {Cell | null} */
  let cell = null;

  on(['pin', 'key', 'joint', 'language'], open);
  on(['against'], () => { if (state.pin && tab === 'before_after') show(); });
  dock.addEventListener('change', (event) => { // another order of the channels
    if (!(event.target instanceof HTMLSelectElement) || event.target.name !== 'by') return;
    by = event.target.value;
    set({ channel: null });
    open();
  });

  async function open() {
    const { pin } = state, hidden = dock.hidden;
    dock.hidden = !pin;
    if (!pin) return;
    dock.dataset.side = String(pin.side);
    if (hidden) find(pin)?.closest('.map-card')?.scrollIntoView({ block: 'start' });
    const answer = await wire.ask('cell', { ...pin, by });
    if (!answer || !state.pin || trouble(body, answer)) return;
    cell = answer;
    if (state.channel !== null && state.channel >= cell.shape[0]) set({ channel: null }); // of a wider network
    const side = state.sides[pin.side];
    silence.hidden = layers.hidden = pin.cell === 'input';
    layers.textContent = say('xray.open_layers');
    silence.textContent = say(pin.cell in state.cuts[pin.side] ? 'xray.mend_cell' : 'xray.silence');
    title.replaceChildren(make('b', {}, pin.cell), ` ${cell.shape.join('×')} `, make('span', 'foot', side.title));
    if (!side.trained) title.append(' ', make('span', 'badge untrained', badge(side)));
    // It opens on what the cell is asked about: a sum on its terms, a map on its channels. Receptive fields are
    // compared cell by cell: that tab stays.
    const name = `${pin.side}:${pin.cell}`;
    if (state.view && !(state.view in TABS)) set({ lost: [...state.lost, `view=${state.view}`], view: null });
    const linked = opened || !state.view || !(state.view in TABS) ? null : state.view;
    const stays = tab === 'field' && !hidden;
    if (wanted) tab = wanted;
    else if (name !== opened) tab = linked ?? (stays ? tab : cell.sum ? 'computation' : 'channels');
    wanted = null;
    opened = name;
    await show();
    const below = (find(pin)?.getBoundingClientRect().bottom ?? 0) + 18 - dock.getBoundingClientRect().top;
    if (hidden && below > 0) scrollBy({ top: below }); // the cell stays in sight above the dock
  }
  async function show() {
    const mine = tab;
    if (state.view !== tab) set({ view: tab });
    refill(tabs, () => tabs.replaceChildren(...Object.keys(TABS).map((name) => button(say(`xray.${name}`), () => {
      tab = name;
      show();
    }, { role: 'tab', 'aria-selected': tab === name, 'data-tab': name }))));
    about.hidden = tab !== 'field'; // the one tab that is a term: a click on the tab itself opens the tab
    about.setAttribute('aria-label', `${say('glossary.title')}: ${say('glossary.field.name')}`);
    if (!cell) return;
    const page = make('div');
    if (cell.photo) page.append(make('figure', 'big', make('img', { src: cell.photo, alt: '' })));
    else await TABS[tab](page, cell, wire);
    if (mine !== tab || !page.firstChild) return;
    const within = body.contains(document.activeElement);
    refill(body, () => body.replaceChildren(page));
    if (within && !body.contains(document.activeElement)) dock.focus({ preventScroll: true }); // its control is gone
  }
}
