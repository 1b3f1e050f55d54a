// The finder of people, in the place of the two pose networks: it is whole, so that nothing of it is cut or set.
import { button, line, make } from '../dom.js';
import { on, state } from '../store.js';
import { speak, tell } from '../words.js';

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  const back = () => wire.send('inside', { finder: false });
  const text = make('p'), panel = make('section', { class: 'inside card', hidden: '' }, text,
    button('', back, { 'data-word': 'xray.back_to_poses' }));
  root.querySelector('.xray-sticky')?.after(panel);
  speak(panel);
  on(['key', 'language'], () => {
    const opens = state.finder && panel.hidden;
    panel.hidden = !state.finder;
    line(text, tell(state.finder));
    document.getElementById('xray-box')?.classList.toggle('in-finder', Boolean(state.finder));
    if (!opens) return;
    const title = document.getElementById('xray-title');
    title?.scrollIntoView({ block: 'start' });
    title?.focus({ preventScroll: true });
  });
  document.addEventListener('click', (event) => { // elsewhere the pose networks are meant
    const leaves = '#rooms [role=tab], [data-tour], [data-poses]';
    if (state.finder && event.target instanceof Element && event.target.closest(leaves)) back();
  });
}
