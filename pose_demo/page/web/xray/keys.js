// The page's own keys, wherever the focus is but in a text field; a list of them. In another tab than the photo's those
// act alone that are of every tab.
import { make } from '../dom.js';
import { glossary } from '../glossary/glossary.js';
import { here } from '../glossary/linked.js';
import { room } from '../link.js';
import { set, state } from '../store.js';
import { move } from '../stops.js';
import { speak } from '../words.js';
import { release } from './maps.js';
import { step } from './viewport.js';

const KEYS = ['1 – 4', '+  −  0', '← ↑ → ↓', 'Enter', 'Esc', 'g', '?'];

/** Whether somebody types there, so that a key is theirs. @param {EventTarget | null} target */
export const typing = (target) => target instanceof Element && target.closest(
  'textarea, select, [contenteditable=true], input:not([type=range], [type=checkbox], [type=radio])') !== null;

export function start() {
  const list = make('dl', {}, ...KEYS.flatMap((key, k) => [
    make('dt', {}, ...key.split(/ +/).map((each) => make('kbd', {}, each))),
    make('dd', { 'data-word': `xray.key_${k}` })]));
  const sheet = make('dialog', { class: 'keys', 'data-label': 'xray.keys' },
    make('h2', { class: 'section', 'data-word': 'xray.keys' }), list,
    make('form', { method: 'dialog' }, make('button', { class: 'plain', 'data-word': 'xray.close' })));
  document.querySelector('.gradio-container')?.append(sheet); // in no tab: it opens in all
  speak(sheet);
  /** @type {Record<string, () => void>} */
  const everywhere = { '?': () => sheet.showModal(), g: () => glossary(here() ?? '') };
  /** @type {Record<string, () => void>} */
  const does = { '+': () => step(1), '-': () => step(-1), 0: () => step(0),
    Escape: () => (state.pin ? release(true) : set({ pixel: null })) };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    const stop = Number(event.key) - 1;
    const ofPhoto = () => room() === 'photo' && (does[event.key] ?? (stop in state.stops && (() => move(stop))));
    const act = everywhere[event.key] ?? ofPhoto();
    if (!act) return;
    if (event.key !== 'Escape') event.preventDefault();
    act();
  });
}
