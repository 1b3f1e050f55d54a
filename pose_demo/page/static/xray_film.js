// The filmstrip: a joint's heatmap at every moment of both networks, and the way of its peak over the photo.
let all = false;

async function load() {
  const answer = await ask('film', { joint: all ? '*' : xray.joint });
  if (!answer) return;
  if (trouble($('.strips2'), answer)) return;
  PoseDemo.speak(element, words());
  $('.heading').textContent = answer.heading;
  chooser();
  $('.strips2').replaceChildren(...answer.sides.map((side, k) => strip(side, k, answer)));
}

function chooser() {
  const names = xray.state.joint_names || { [xray.joint]: xray.joint };
  $('.film-joint').replaceChildren(make('option', { value: '*' }, words().all_joints), ...Object.entries(names).map(([value, text]) => make('option', { value }, text)));
  $('.film-joint').value = all ? '*' : xray.joint;
}
$('.film-joint').addEventListener('change', (event) => {
  all = event.target.value === '*';
  if (all) { load(); return; }
  xray.joint = event.target.value;
  trigger('choose', { joint: xray.joint });
  tell('joint');
});

function strip(side, k, answer) {
  const head = make('p', { class: 'of' }, make('b', {}, side.title));
  const state = xray.state.sides[k];
  if (state && !state.trained) head.append(make('span', { class: 'badge untrained' }, state.badge));
  if (side.why) return make('div', {}, head, make('p', { class: 'foot' }, side.why));
  const frames = side.frames.map((frame, number) => make('figure', { class: frame.probe ? 'still probe' : 'still' },
    canvas(frame.map, { label: `${frame.name}: ${frame.foot}` }),
    make('figcaption', {}, make('b', {}, frame.name), ' ', make('span', { class: frame.probe ? 'tag probe' : 'tag' }, frame.kind), make('br'), frame.foot, make('br'),
      make('button', { type: 'button', class: 'link', onclick: () => trigger('surface', { key: xray.state.key, side: k, frame: number, joint: all ? '*' : xray.joint }) }, words().surface))));
  return make('div', { class: 'strip2' }, head, make('div', { class: 'frames' }, ...frames, ...(side.path.length > 1 ? [path(side, answer)] : [])),
    legend(0, Number(answer.top)), make('p', { class: 'foot' }, side.note));
}

function path(side, answer) {
  const [width, height] = answer.size, unit = Math.max(width, height) / 130;
  const points = side.path.map((p) => p.join(',')).join(' ');
  const dots = side.path.map(([x, y], k) => `<circle cx="${x}" cy="${y}" r="${unit * (0.9 + (1.6 * k) / side.path.length)}"><title>${k + 1}</title></circle>`).join('');
  const node = make('div', { class: 'walk', style: `aspect-ratio:${width}/${height}` }, make('img', { src: document.querySelector('#views .canvas img')?.src || '', alt: '' }));
  node.insertAdjacentHTML('beforeend', `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${words().path}"><polyline points="${points}" stroke-width="${unit * 1.7}" class="under"/><polyline points="${points}" stroke-width="${unit * 0.8}"/>${dots}</svg>`);
  return make('figure', { class: 'still path' }, node, make('figcaption', {}, words().path));
}
whenSeen(load, 'shot', 'joint');
