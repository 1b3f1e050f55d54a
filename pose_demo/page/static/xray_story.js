// Where did the wrist go wrong? One strip a network, from the first maps to the answer.

async function load() {
  const answer = await ask('story');
  if (!answer) return;
  if (trouble($('.stories'), answer)) return;
  $('.heading').textContent = answer.heading;
  $('.story-note').textContent = answer.note;
  $('.stories').replaceChildren(...answer.sides.map(side));
}

function side(data, k) {
  const state = xray.state.sides[k], head = make('p', { class: 'of' }, make('b', {}, data.title));
  if (state && !state.trained) head.append(make('span', { class: 'badge untrained' }, state.badge));
  if (data.why) return make('div', {}, head, make('p', { class: 'foot' }, data.why));
  const answers = data.answers.map((a) => make('figure', { class: a.cell === data.who.cell ? 'still first' : 'still' },
    make('button', { type: 'button', class: 'bare', 'aria-label': a.cell, onclick: () => tell('walk', { side: k, cell: a.cell }) }, canvas(a.map, { label: a.cell })),
    make('span', { class: 'gauge', style: `--alone:${a.strength};--total:${a.strength}` }), make('figcaption', {}, make('b', {}, a.cell), make('br'), `${fill(words().channel, a.channel)} · ${a.strength.toFixed(2)}`)));
  const moments = data.moments.map((m) => make('figure', { class: `still moment ${m.kind}` },
    make('div', { class: 'spot' }, canvas(m.map, { label: `${m.name}: ${m.what}` }), make('i', { class: 'at', style: `left:${100 * m.at[0]}%;top:${100 * m.at[1]}%` }),
      ...(data.truth ? [make('i', { class: 'truth', style: `left:${100 * data.truth[0]}%;top:${100 * data.truth[1]}%` })] : [])),
    make('figcaption', {}, make('b', {}, m.name), make('br'), make('span', { class: 'what' }, m.what), ` · ${m.off} · ${m.peak}`)));
  return make('div', { class: 'strip2' }, head, make('p', { class: 'foot' }, data.first), make('div', { class: 'frames' }, ...answers), make('p', { class: 'foot' }, words().then_peak), make('div', { class: 'frames' }, ...moments));
}
whenSeen(load, 'shot', 'joint');
