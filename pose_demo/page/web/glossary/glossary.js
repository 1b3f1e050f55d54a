// The glossary: a sentence, a formula, a picture from this page and the paper's place for every term.
import { button, make } from '../dom.js';
import { on } from '../store.js';
import { say } from '../words.js';
import { listen, under } from './linked.js';
import { draw } from './pictures.js';
import { TERMS } from './terms.js';

const sheet = make('dialog', { class: 'glossary', 'aria-labelledby': 'glossary-title' });
let open = TERMS[0];

/** Opens it, at a term. @param {string} [id] */
export function glossary(id) {
  open = TERMS.find((term) => term.id === id) ?? open;
  sheet.classList.toggle('large', Boolean(document.querySelector('.tour.teach')));
  show();
  if (!sheet.open) sheet.showModal();
}

function show() {
  const { id, formula } = open, picture = make('div', 'term-picture'), seen = make('p', 'foot');
  const math = make('div', 'formula');
  math.innerHTML = `<math display="block">${formula}</math>`;
  sheet.replaceChildren(
    make('header', {}, make('h2', { class: 'section', id: 'glossary-title' }, say('glossary.title')),
      button('✕', () => sheet.close(), { 'aria-label': say('xray.close'), title: say('xray.close') })),
    make('nav', { 'aria-label': say('glossary.title') }, ...TERMS.map((term) => button(say(`glossary.${term.id}.name`),
      () => glossary(term.id), { 'aria-current': term.id === id ? 'true' : null, 'data-term': term.id }))),
    make('article', { 'data-term': id, 'aria-live': 'polite' }, make('h3', {}, say(`glossary.${id}.name`)),
      make('p', {}, say(`glossary.${id}.text`)), math, make('p', 'foot', say(`glossary.${id}.formula`)), picture, seen,
      make('p', 'foot paper', say(`glossary.${id}.paper`))));
  const mine = open;
  draw(open).then((found) => {
    if (mine !== open) return;
    picture.replaceChildren(...(found?.node ?? []));
    seen.textContent = found ? say(`glossary.${id}.seen`, found.values) : say('glossary.none');
  });
}

/** @param {HTMLElement} root */
export function start(root) {
  root.append(sheet);
  listen(sheet);
  on(['key', 'language'], () => { if (sheet.open) show(); });
  sheet.addEventListener('click', (event) => { // beside it
    if (event.target === sheet && !under(event)) sheet.close();
  });
  document.addEventListener('click', (event) => {
    const term = under(event);
    if (term) glossary(term);
  });
}
