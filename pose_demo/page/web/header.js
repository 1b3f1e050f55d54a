// The title, the language switch, dark and light. A change of language computes nothing: the words are fetched.
import { button, make } from './dom.js';
import { on, state } from './store.js';
import { TOURS } from './tour/tour.js';
import { learn, say, speak } from './words.js';

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const languages = make('div', { class: 'languages', role: 'group', 'data-label': 'page.language' });
  const theme = button('◐', dark, { class: 'plain theme', 'data-label': 'page.dark', 'data-hint': 'page.dark' });
  const lessons = make('details', 'lessons', make('summary', { 'data-word': 'tour.lesson' }),
    make('div', 'menu', ...TOURS.map((id) => button('', () => lessons.removeAttribute('open'),
      { 'data-tour': id, 'data-word': `tour.${id}.title` }))));
  const showTheme = () => theme.setAttribute('aria-pressed', String(document.body.classList.contains('dark')));
  const skip = make('a', { class: 'skip', href: '#xray-title', 'data-word': 'page.skip', onclick: jump });
  element.replaceChildren(skip, make('header', 'top', make('h1', { 'data-word': 'page.title' }),
    make('p', { class: 'subtitle', 'data-word': 'page.subtitle' }),
    make('div', 'top-buttons', lessons, languages, theme)));
  /** @type {Record<string, string>} */
  let known = {};

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
    languages.replaceChildren(...Object.entries(known).map(([code, name]) =>
      button(name, () => choose(code), { lang: code, 'aria-pressed': code === state.language })));
  }

  speak(element);
  showTheme();
  on(['language'], draw);
  return (/** @type {import('./schema').HeaderPatch} */ patch) => {
    known = patch.languages ?? known;
    draw();
    if (patch.language) learn(patch.language);
  };
}
