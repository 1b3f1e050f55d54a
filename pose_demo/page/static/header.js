// The title, the language switch, dark and light.
const languages = element.querySelector('.languages');
const dark = element.querySelector('.theme');
let state = {};

function draw(patch) {
  state = { ...state, ...patch };
  PoseDemo.speak(element, state.words);
  languages.setAttribute('aria-label', state.words.language);
  dark.setAttribute('aria-label', state.words.dark);
  dark.title = state.words.dark;
  document.documentElement.lang = state.language;
  languages.replaceChildren(...Object.entries(state.languages).map(([code, name]) =>
    PoseDemo.make('button', {
      type: 'button', class: 'plain', lang: code, 'aria-pressed': String(code === state.language),
      onclick: () => trigger('language', { to: code }),
    }, name)));
}

function showTheme() {
  dark.setAttribute('aria-pressed', String(document.body.classList.contains('dark')));
}

dark.addEventListener('click', () => { document.body.classList.toggle('dark'); showTheme(); });
draw(props.value);
showTheme();
watch('value', () => draw(props.value));
