// The upsampling lab: this position of the slider against another.
hear('pin', pair);
hear('channel', pair);

async function load() {
  const answer = await ask('lab', { against: xray.against });
  if (!answer) return;
  PoseDemo.speak(element, words());
  if (trouble($('.labs'), answer)) return;
  $('.against-word').textContent = fill(words().against, answer.sides.find((side) => side.now)?.now || '');
  $('.against').replaceChildren(make('option', { value: '' }, words().as_trained), ...answer.stops.map(([value, text]) => make('option', { value }, text)));
  $('.against').value = xray.against || '';
  $('.labs').replaceChildren(...answer.sides.map(side));
  pair();
}
$('.against').addEventListener('change', (event) => { xray.against = event.target.value || null; tell('against'); });

function side(data, k) {
  const head = make('p', { class: 'of' }, make('b', {}, data.title), make('span', { class: 'badge' }, data.trained || ''));
  if (data.why) return make('div', {}, head, make('p', { class: 'foot' }, data.why));
  if (data.same) return make('div', {}, head, make('p', { class: 'foot' }, words().same_stop));
  const [joint, pixels, torsos] = words().moved_head.split('|');
  return make('div', {}, head, make('p', { class: 'foot' }, `${data.now} → ${data.other}`),
    make('div', { class: 'lab-two' },
      make('div', {}, make('h4', {}, words().moved), make('table', {}, make('thead', {}, make('tr', {}, ...[joint, pixels, torsos].map((text) => make('th', { scope: 'col' }, text)))),
        make('tbody', {}, ...data.joints.map((row) => make('tr', {}, make('th', { scope: 'row' }, row.name), make('td', { class: 'bar', style: `--share:${row.size / (data.joints[0].size || 1)}` }, row.pixels), make('td', {}, row.torsos)))))),
      make('div', {}, make('h4', {}, words().which), make('ul', { class: 'places' }, ...data.places.map((row) => make('li', {},
        make('button', { type: 'button', class: 'link', title: row.cell, onclick: () => tell('walk', { side: k, cell: row.cell }) }, row.place), make('span', { class: 'factor' }, `×${row.factor}`),
        make('span', { class: 'gauge', style: `--alone:${row.alone};--total:${row.total}` }), make('span', { class: 'number' }, row.text)))),
      make('p', { class: 'foot' }, words().which_note))));
}

// The cell that is pinned above, before and after, in a gr.ImageSlider below.
async function pair() {
  const pin = xray.pin;
  if (!pin || pin.cell === 'input') { $('.pair-title').textContent = words().pin_first; return; }
  const answer = await ask('difference', { ...pin, against: xray.against });
  if (!answer || answer.error) return;
  $('.pair-title').textContent = answer.same ? words().same_stop : answer.title;
  if (!answer.same) trigger('pair', { key: xray.state.key, ...pin, against: xray.against || null });
}
whenSeen(load, 'shot', 'against');
