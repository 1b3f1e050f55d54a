// The names of the slider's stops, and which of them the weights were trained with.
const list = element.querySelector('.stops'), note = element.querySelector('.trained');
let state = {};

const slider = () => document.querySelector('#stop input[type=range]');

function draw(patch) {
  state = { ...state, ...patch };
  const words = state.words;
  list.replaceChildren(...state.stops.map((stop, k) => PoseDemo.make('li', {}, PoseDemo.make('button', {
    type: 'button', tabindex: '-1', 'data-stop': stop, 'data-trained': state.trained[stop] ? '' : null,
    onclick: () => move(k),
  }, words[stop]))));
  const notes = Object.values(state.trained);
  note.replaceChildren(PoseDemo.make('b', {}, '▲ '), notes.join(' · '));
  note.hidden = !notes.length;
  mark();
}

function move(k) {
  const input = slider();
  input.value = k;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  input.focus();
}

function mark() {
  const input = slider();
  if (!input) return;
  const k = Number(input.value);
  input.setAttribute('aria-label', state.words.stop);
  input.setAttribute('aria-valuetext', state.words[state.stops[k]]);
  [...list.querySelectorAll('button')].forEach((button, i) => button.toggleAttribute('data-here', i === k));
}

document.addEventListener('input', (event) => { if (event.target === slider()) mark(); });
draw(props.value);
requestAnimationFrame(mark);
watch('value', () => draw(props.value));
