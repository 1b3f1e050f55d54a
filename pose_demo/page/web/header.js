// The title, the language switch, dark and light. A change of language computes nothing: the words are fetched.
import { start as startAgain } from './again.js';
import { whenSilent } from './channel.js';
import { button, line, make } from './dom.js';
import { glossary, start as startGlossary } from './glossary/glossary.js';
import { on, state } from './store.js';
import { ASKED, TOURS, WONDERED } from './tour/tour.js';
import { learn, say, speak, tell } from './words.js';

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const languages = make('div', { class: 'languages', role: 'group', 'data-label': 'page.language' });
  const theme = button('◐', dark, { class: 'plain theme', 'data-label': 'page.dark', 'data-hint': 'page.dark' });
  const lesson = (/** @type {Record<string, string>} */ where) =>
    button('', () => lessons.removeAttribute('open'), where);
  const questions = (/** @type {string} */ heading, /** @type {string[][]} */ steps) =>
    [make('b', { 'data-word': heading }), ...steps.map(([id, step]) => lesson({ 'data-tour': id, 'data-step': step,
      'data-word': `tour.${id}.${step}.asked`, class: 'asked' }))];
  const lessons = make('details', 'lessons', make('summary', { 'data-word': 'tour.lesson' }),
    make('div', 'menu', ...TOURS.map((id) => lesson({ 'data-tour': id, 'data-word': `tour.${id}.title` })),
      ...questions('tour.wondered', WONDERED), ...questions('tour.asked', ASKED)));
  const words = button('', () => glossary(), { class: 'plain open-glossary', 'data-word': 'glossary.title' });
  const note = make('p', { class: 'link-note', role: 'alert', hidden: '' });
  const showTheme = () => theme.setAttribute('aria-pressed', String(document.body.classList.contains('dark')));
  const skip = make('a', { class: 'skip', href: '#xray-title', 'data-word': 'page.skip', onclick: jump });
  element.replaceChildren(skip, make('header', 'top', make('h1', { 'data-word': 'page.title' }),
    make('p', { class: 'subtitle', 'data-word': 'page.subtitle' }),
    make('div', 'top-buttons', lessons, words, languages, theme)));
  startGlossary(element);
  document.addEventListener('click', ({ target }) => { // beside the open menu
    if (!(target instanceof Node && lessons.contains(target))) lessons.removeAttribute('open');
  });
  lessons.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !lessons.open) return;
    lessons.removeAttribute('open');
    lessons.querySelector('summary')?.focus();
    event.stopPropagation();
  });
  element.prepend(note); // the rooms' tabs stand in the last line
  startAgain(element);
  whenSilent(() => wire.send('wake', {}));
  /** @type {Record<string, string>} */
  let known = {};
  /** @type {import('./schema').Said | null} */
  let unfollowed = null;

  /** What of the link cannot be followed, as Python or the browser found. @returns {import('./schema').Said | null} */
  function lost() {
    const found = unfollowed?.key === 'page.link_lost' ? [unfollowed.values?.parts] : [];
    if (!state.lost.length || (unfollowed && !found.length)) return unfollowed;
    return { key: 'page.link_lost', values: { parts: [...found, ...state.lost].join(', ') } };
  }
  function jump(/** @type {Event} */ event) {
    const drawings = document.getElementById('xray-title');
    event.preventDefault(); // the address keeps its query alone
    drawings?.scrollIntoView({ block: 'start' });
    drawings?.focus({ preventScroll: true });
  }
  function dark() {
    document.body.classList.toggle('dark');
    showTheme();
  }
  async function choose(/** @type {string} */ code) {
    await learn(code);
    wire.send('language', { to: code }); // Gradio's own components are labelled by Python
  }
  function draw() {
    document.documentElement.lang = state.language;
    document.title = say('page.title');
    line(note, tell(lost()));
    named();
    languages.replaceChildren(...Object.entries(known).map(([code, name]) =>
      button(name, () => choose(code), { lang: code, 'aria-pressed': code === state.language })));
  }

  // Gradio names its own parts in English alone, and anew whenever it draws one.
  function named() {
    const name = (/** @type {Element} */ node, /** @type {string} */ to) => {
      if (node.getAttribute('aria-label') !== to) node.setAttribute('aria-label', to);
    };
    for (const node of document.querySelectorAll('div.empty[aria-label]')) node.removeAttribute('aria-label');
    for (const node of document.querySelectorAll('footer[aria-label]')) name(node, say('page.footer'));
    for (const link of document.querySelectorAll('footer .show-api')) {
      const text = [...link.childNodes].find((each) => each instanceof Text && each.data.trim());
      if (text?.textContent?.trim() !== say('page.api') && text) text.textContent = `${say('page.api')} `;
    }
    for (const node of document.querySelectorAll('input[aria-label]')) {
      name(node, (node.getAttribute('aria-label') ?? '').replace(/^(range slider|number input) for /, ''));
    }
  }
  new MutationObserver(named).observe(document.body,
    { childList: true, subtree: true, attributeFilter: ['aria-label'] });

  speak(element);
  showTheme();
  on(['language', 'lost'], draw);
  return (/** @type {import('./schema').HeaderPatch} */ patch) => {
    if (patch.note !== undefined) unfollowed = patch.note;
    known = patch.languages ?? known;
    draw();
    if (patch.language) learn(patch.language);
  };
}
