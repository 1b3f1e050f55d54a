// The names of the slider's stops, and which of them the weights were trained with.
import { button, line, make } from './dom.js';
import { on, set, state } from './store.js';
import { say, word } from './words.js';

/** The slider of Gradio's. @returns {HTMLInputElement | null} */
const slider = () => document.querySelector('#stop input[type=range]');

/** Moves the slider as a hand would; the networks look again. @param {number} k */
export function move(k) {
  const input = slider();
  if (!input) return;
  input.value = String(k);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/** @param {HTMLElement} element */
export function start(element) {
  const list = make('ol', 'stops'), note = make('p', 'trained'), only = make('p', 'trained only');
  element.replaceChildren(list, only, note);
  /** @type {import('./schema').StopsPatch} */
  let sent = { stops: [], trained: {} };

  function draw() {
    list.replaceChildren(...sent.stops.map((stop, k) => make('li', {}, button(word('stop', stop), () => {
      move(k);
      slider()?.focus();
    }, { class: null, tabindex: '-1', 'data-stop': stop, 'data-trained': sent.trained[stop] ? '' : null }))));
    const notes = Object.entries(sent.trained).map(([stop, networks]) =>
      say(networks.length > 1 ? 'page.both_trained_with' : 'page.trained_with', { network: networks[0], stop }));
    note.replaceChildren(make('b', {}, '▲ '), notes.join(' · '));
    note.hidden = !notes.length;
    mark();
  }
  function mark() {
    const input = slider();
    if (!input) return;
    const k = Number(input.value);
    input.setAttribute('aria-label', say('page.stop'));
    input.setAttribute('aria-valuetext', word('stop', sent.stops[k]));
    list.querySelectorAll('button').forEach((each, i) => each.toggleAttribute('data-here', i === k));
  }

  // Where a switch changes some places only, or the right network has a stop of its own, the slider says so too.
  on(['key', 'scope', 'own', 'language'], () => line(only, [state.scope && say('xray.only_there', state),
    state.own && say('page.own_stop', { stop: state.own })].filter(Boolean).join(' · ')));
  document.addEventListener('input', (event) => {
    if (event.target !== slider()) return;
    mark();
    if (Number(slider()?.value) !== state.stops.indexOf(state.stop ?? '')) set({ work: 'on' }); // Gradio sends it
  });
  on(['language'], draw);
  return (/** @type {import('./schema').StopsPatch} */ patch) => {
    sent = { ...sent, ...patch };
    draw();
    requestAnimationFrame(mark);
  };
}
