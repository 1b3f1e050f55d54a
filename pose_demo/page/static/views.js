// Two skeletons, both in one view, and the table of what lies between them.
const $ = (selector) => element.querySelector(selector);
const make = PoseDemo.make;
let state = {};

function draw(patch) {
  if (patch.n < state.n) return;
  state = { ...state, ...patch };
  PoseDemo.speak(element, state.words);
  PoseDemo.line($('.busy'), state.busy);
  PoseDemo.line($('.error'), state.error);
  element.classList.toggle('waiting', Boolean(state.busy));
  if (!state.poses) { if (!$('.pair').children.length) placeholders(); return; }
  if (!patch.poses) return;
  drawPair();
  $('.lower').hidden = false;
  canvas($('.both'), state.both);
  $('.both-key').textContent = state.both_key;
  $('.both .badges').replaceChildren(...state.poses.filter((pose) => !pose.trained).slice(0, 1).map(badge));
  drawTable();
}

function placeholders() {
  $('.pair').append(...[0, 1].map(() => make('figure', { class: 'view empty' }, make('div', { class: 'canvas' }))));
}

function badge(pose) {
  return make('span', { class: pose.trained ? 'badge' : 'badge untrained' }, pose.badge);
}

function canvas(figure, svg) {
  const node = figure.querySelector('.canvas'), image = node.querySelector('img');
  PoseDemo.shape(node, state.width, state.height);
  if (image.src !== state.image) image.src = state.image;
  node.querySelector('.skeletons').innerHTML = svg;
}

function drawPair() {
  const pair = $('.pair');
  if (!pair.querySelector('.skeletons')) {
    pair.replaceChildren(...state.poses.map(() => make('figure', { class: 'view' },
      make('figcaption', {}, make('h2', { class: 'name' }), make('span', { class: 'badges' })),
      make('div', { class: 'canvas' }, make('img', { alt: '' }), make('div', { class: 'skeletons' })),
      make('p', { class: 'foot' }))));
  }
  state.poses.forEach((pose, k) => {
    const figure = pair.children[k];
    figure.querySelector('.name').textContent = pose.title;
    figure.querySelector('.badges').replaceChildren(badge(pose));
    figure.querySelector('.foot').textContent = pose.foot;
    figure.classList.toggle('untrained', !pose.trained);
    canvas(figure, pose.svg);
  });
}

function drawTable() {
  const words = state.words;
  $('.note').textContent = state.note;
  const head = make('thead', {}, make('tr', {},
    make('th', { scope: 'col' }, words.table_joint),
    ...state.heads.map((name) => make('th', { scope: 'col' }, name, make('small', {}, words.table_score))),
    make('th', { scope: 'col' }, words.table_px), make('th', { scope: 'col' }, words.table_torsos)));
  const rows = state.rows.map((row) => make('tr', {
    class: row.shown ? null : 'faint', title: row.shown ? null : words.below,
    onmouseenter: () => point(row), onmouseleave: () => point(null),
  }, make('th', { scope: 'row' }, make('button', { type: 'button', onclick: () => trigger('pick', { joint: row.joint }) },
    make('i', { class: 'dot', style: `background:${row.colour}` }), row.name)),
  ...row.scores.map((score) => make('td', {}, score)),
  make('td', { class: 'bar', style: `--share:${row.share}` }, row.pixels), make('td', {}, row.torsos)));
  const foot = state.mean ? [make('tfoot', {}, make('tr', {}, make('th', { scope: 'row' }, words.mean),
    make('td'), make('td'), ...state.mean.map((v) => make('td', {}, v))))] : [];
  $('table').hidden = !state.rows.length;
  $('table').replaceChildren(head, make('tbody', {}, ...rows), ...foot);
}

// The joint under the pointer, in every skeleton.
function point(row) {
  for (const dot of element.querySelectorAll('circle.lit')) dot.classList.remove('lit');
  if (!row) return;
  [...element.querySelectorAll('.pair .canvas')].forEach((node, k) => {
    node.querySelector(`circle[data-joint="${k ? row.b : row.a}"]`)?.classList.add('lit');
  });
}

draw(props.value);
watch('value', () => draw(props.value));
