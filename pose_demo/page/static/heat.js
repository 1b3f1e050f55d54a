// A joint's heatmaps: one strip a network, one picture a supervision.
const $ = (selector) => element.querySelector(selector);
const make = PoseDemo.make;
let state = {};

function draw(patch) {
  if (patch.n < state.n) return;
  state = { ...state, ...patch };
  PoseDemo.speak(element, state.words);
  if (!state.sides) return;
  $('.heat').hidden = false;
  $('.heading').textContent = state.heading;
  $('.peak').textContent = state.top;
  $('.strips').replaceChildren(...state.sides.map((side) => make('div', { class: 'strip' },
    make('p', { class: 'of' }, side.title, make('span', { class: side.trained ? 'badge' : 'badge untrained' }, side.badge)),
    make('div', { class: side.pictures.length > 4 ? 'maps many' : 'maps' }, ...(side.pictures.length ? side.pictures.map((map) => make('figure', {},
      make('img', { src: map.src, alt: `${state.heading}, ${side.title}, ${map.name}` }),
      make('figcaption', {}, `${map.name} · ${map.peak}`))) : [make('p', { class: 'foot' }, state.words.no_joint)])))));
}

draw(props.value);
watch('value', () => draw(props.value));
