// The dock: everything about the pinned cell.
const TABS = ['channels', 'computation', 'field', 'before_after'];
let tab = 'channels', by = 'energy', info = null, number = null;

hear('pin', (pin) => { number = pin.channel ?? null; open(pin); });
hear('release', () => { $('.dock').hidden = true; });
hear('joint', () => { if (pinned()) open(pinned()); });
$('.close').addEventListener('click', () => tell('unpin'));

async function open(pin) {
  const wasHidden = $('.dock').hidden;
  $('.dock').hidden = false;
  if (wasHidden) find(pin)?.closest('.map-card').scrollIntoView({ block: 'start' });
  const answer = await ask('cell', { ...pin, by });
  if (!answer || !pinned()) return;
  if (trouble($('.dock-body'), answer)) return;
  info = answer;
  const side = xray.state.sides[pin.side];
  $('.dock-title').replaceChildren(make('b', {}, pin.cell), ` ${info.shape.join('×')} `, make('span', { class: 'foot' }, side.title));
  if (!side.trained) $('.dock-title').append(' ', make('span', { class: 'badge untrained' }, side.badge));
  if (tab === 'computation' && !info.sum && !info.made?.length) tab = 'channels';
  drawTabs();
  await show();
  if (wasHidden) clear();
}

// The cell stays in sight above the dock.
function clear() {
  const cell = pinned() && find(pinned());
  if (!cell) return;
  const below = cell.getBoundingClientRect().bottom + 18 - $('.dock').getBoundingClientRect().top;
  if (below > 0) scrollBy({ top: below });
}

function drawTabs() {
  $('.tabs').replaceChildren(...TABS.map((name) => make('button', {
    type: 'button', role: 'tab', class: 'plain', 'aria-selected': tab === name, 'data-tab': name,
    onclick: () => { tab = name; drawTabs(); show(); },
  }, words()[name])));
}

function show() {
  const body = $('.dock-body');
  if (info.photo) { body.replaceChildren(make('figure', { class: 'big' }, make('img', { src: info.photo, alt: '' }))); return; }
  return ({ channels: showChannels, computation: showSum, field: showField, before_after: showPair })[tab](body);
}

// --- channels
function showChannels(body) {
  const said = make('span', { class: 'value', 'aria-live': 'polite' });
  const large = make('div', { class: 'large' });
  const stats = make('div', { class: 'stats foot' }, make('p', {}, info.stats), make('p', {}, info.dead), make('p', {}, info.zeros), histogram(info.histogram));
  const pca = make('figure', { class: 'pca' });
  body.replaceChildren(make('div', { class: 'channels' },
    make('div', { class: 'mosaic-box' }, sorter(), mosaic(large, said), legend(info.mosaic.low, info.mosaic.high), make('p', { class: 'foot' }, words().range_all)),
    make('div', { class: 'one' }, large, said),
    make('div', { class: 'means' }, ...[['mean', 'view_mean'], ['maximum', 'view_max'], ['energy', 'view_energy']].map(([key, word]) =>
      make('div', {}, figure(info[key], words()[word]), legend(info[key].low, info[key].high))), pca),
    stats));
  if (number !== null && number !== info.channel.number) pick(number, large, said); else drawLarge(info.channel, large, said);
  const mine = info;
  ask('pca', pinned()).then((answer) => {
    if (!answer || answer.error || mine !== info) return;
    pca.replaceChildren(make('img', { src: answer.src, alt: '', style: `aspect-ratio:${info.mean.w / info.mean.h}` }), make('figcaption', {}, answer.text));
  });
}

function sorter() {
  const joint = words().joint.replace('{0}', xray.state.joint_names?.[xray.joint] || xray.joint);
  const choice = make('select', { 'aria-label': words().sorted, onchange: (event) => { by = event.target.value; number = null; open(pinned()); } },
    ...['energy', 'variance', 'joint', 'index'].map((key) => make('option', { value: key }, key === 'joint' ? joint : words()[key])));
  choice.value = info.by;
  return make('label', { class: 'foot' }, `${fill(words().channels)} (${info.shape[0]}) ${words().sorted} `, choice);
}

function mosaic(large, said) {
  const { src, tile, columns, order, values } = info.mosaic, rows = Math.ceil(order.length / columns);
  const node = make('div', { class: 'mosaic', tabindex: 0, role: 'listbox', 'aria-label': words().channels, style: `aspect-ratio:${columns * tile[0]}/${rows * tile[1]}` },
    make('img', { src, alt: '' }), make('i', { class: 'here' }));
  const at = (event) => {
    const box = node.getBoundingClientRect();
    const k = Math.floor(((event.clientY - box.top) / box.height) * rows) * columns + Math.floor(((event.clientX - box.left) / box.width) * columns);
    return k >= 0 && k < order.length ? k : null;
  };
  const here = (k) => {
    const mark = node.querySelector('.here');
    mark.style.cssText = `left:${((k % columns) / columns) * 100}%;top:${(Math.floor(k / columns) / rows) * 100}%;width:${100 / columns}%;height:${100 / rows}%`;
    node.dataset.index = k;
    node.setAttribute('aria-valuetext', fill(words().channel, order[k]));
  };
  node.addEventListener('pointermove', (event) => { const k = at(event); if (k !== null) node.title = `${fill(words().channel, order[k])}: ${values[k]}`; });
  node.addEventListener('click', (event) => { const k = at(event); if (k !== null) { here(k); pick(order[k], large, said); } });
  node.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!step) return;
    event.preventDefault();
    const k = Math.max(0, Math.min(order.length - 1, Number(node.dataset.index) + step));
    here(k);
    pick(order[k], large, said);
  });
  here(Math.max(0, order.indexOf(number ?? order[0])));
  return node;
}

async function pick(channel, large, said) {
  number = channel;
  if (pinned()) pinned().channel = channel;
  const answer = await ask('channel', { ...pinned(), channel });
  if (answer && !trouble(large, answer)) drawLarge(answer, large, said);
  tell('channel', { channel });
}

function drawLarge(channel, large, said) {
  large.replaceChildren(figure(channel, fill(words().channel, channel.number), { say: said, class: 'big' }), legend(channel.low, channel.high));
}

function histogram({ counts, low, high }) {
  const top = Math.max(...counts.map((c) => Math.log1p(c)));
  const bars = counts.map((c, k) => `<rect x="${k}" y="${40 - (40 * Math.log1p(c)) / top}" width=".9" height="${(40 * Math.log1p(c)) / top}"/>`).join('');
  const node = make('div', { class: 'histogram' });
  node.innerHTML = `<svg viewBox="0 0 ${counts.length} 40" preserveAspectRatio="none" role="img" aria-label="${words().values}">${bars}</svg>`;
  node.append(make('div', { class: 'range' }, make('span', {}, low.toPrecision(2)), make('span', { class: 'grow' }, `${words().values} (log)`), make('span', {}, high.toPrecision(2))));
  return node;
}

// --- what made it
async function showSum(body) {
  const answer = info.sum ? await ask('sum', { ...pinned(), channel: number }) : { kind: null, made: info.made };
  if (!answer || tab !== 'computation' || trouble(body, answer)) return;
  if (!answer.kind) { body.replaceChildren(make('p', {}, words().plain), madeFrom(info.made)); return; }
  const terms = answer.terms.flatMap((term, k) => [...(k ? [make('span', { class: 'sign' }, '+')] : []), termNode(term)]);
  const said = make('span', { class: 'value' });
  const opts = { diverging: true, say: said };
  const result = [make('span', { class: 'sign' }, '='), make('div', { class: 'term total' }, figure(answer.total, words().sum, opts))];
  if (answer.after) result.push(make('span', { class: 'sign' }, `→ ${words().relu_follows} →`), make('div', { class: 'term' }, figure(answer.after, pinned().cell.split('.').pop(), opts)));
  body.replaceChildren(make('div', { class: 'sum-head' }, make('b', {}, answer.title), ...(answer.kind === 'head' ? [] : [channelChoice(answer, body)]), said, legend(answer.total.low, answer.total.high, true)),
    make('div', { class: 'sum' }, ...terms, ...result), make('p', { class: 'foot' }, answer.note));
}

function termNode(term) {
  const share = `${(100 * term.share).toFixed(0)}%`;
  const node = make('div', { class: 'term' });
  const after = figure(term.map, short(term.name), { diverging: true, class: 'stretch' });
  if (term.before) {
    const before = figure(term.before, fill(words().before_enlarged, `${term.before.h}×${term.before.w}`), { diverging: true, class: 'before' });
    before.querySelector('canvas').style.width = `${(138 * term.before.w) / term.map.w}px`;
    node.append(make('div', { class: 'stretched' }, before, make('span', { class: 'sign' }, '→'), after));
  } else node.append(after);
  node.append(make('span', { class: 'share', style: `--share:${term.share}` }, fill(words().share, share)));
  if (term.source !== pinned().cell) node.append(make('button', { type: 'button', class: 'link', onclick: () => tell('walk', { side: pinned().side, cell: term.source }) }, `← ${short(term.source)}`));
  return node;
}

// "stage3.module1.branch1.from0" -> "branch1.from0": the head line says where one is.
function short(name) { return name.includes(' ') ? name : name.split('.').slice(-2).join('.'); }

function channelChoice(answer, body) {
  const options = [make('option', { value: '' }, words().all_channels), ...Array.from({ length: answer.channels }, (_, k) => make('option', { value: k }, fill(words().channel, k)))];
  const choice = make('select', { 'aria-label': words().channels, onchange: (event) => { number = event.target.value === '' ? null : Number(event.target.value); showSum(body); } }, ...options);
  choice.value = number ?? '';
  return choice;
}

function madeFrom(made) {
  return make('ul', { class: 'made' }, ...made.map((edge) => make('li', {}, `${words().made_from} `,
    make('button', { type: 'button', class: 'link', onclick: () => tell('walk', { side: pinned().side, cell: edge.source }) }, edge.source),
    edge.steps.length ? `: ${edge.steps.join(' → ')}` : '')));
}

// --- what it sees
function showField(body) {
  const { box, input, text } = info.field, [x0, y0, x1, y1] = box;
  const photo = xray.photos?.[pinned().side];
  const frame = make('div', { class: 'sight', style: `aspect-ratio:${input[0]}/${input[1]}` }, make('img', { alt: '' }),
    make('i', { class: 'theory', style: `left:${(100 * x0) / input[0]}%;top:${(100 * y0) / input[1]}%;width:${(100 * (x1 - x0)) / input[0]}%;height:${(100 * (y1 - y0)) / input[1]}%` }));
  const note = make('p', { class: 'foot' }, words().effective);
  const button = make('button', { type: 'button', class: 'plain compute' }, words().compute);
  body.replaceChildren(make('div', { class: 'fields' }, make('figure', { class: 'big' }, frame), make('div', {}, make('p', {}, text), make('p', { class: 'foot' }, words().theory_note), note, button)));
  const put = (src) => { frame.querySelector('img').src = src; };
  if (photo) put(photo); else ask('cell', { side: pinned().side, cell: 'input' }).then((answer) => { if (answer?.photo) { (xray.photos ||= {})[pinned().side] = answer.photo; put(answer.photo); } });
  button.addEventListener('click', async () => {
    button.disabled = true;
    button.textContent = words().computing;
    const answer = await ask('effective', pinned());
    if (!answer || trouble(note, answer)) return;
    button.remove();
    note.append(` — ${answer.text}`);
    note.after(legend(0, answer.high));
    frame.insertBefore(canvas(answer, { clear: true, label: words().effective }), frame.querySelector('.theory'));
  });
}
hear('shot', () => { xray.photos = {}; });

// --- before and after
async function showPair(body) {
  const answer = await ask('difference', { ...pinned(), against: xray.against, channel: number });
  if (!answer || tab !== 'before_after' || trouble(body, answer)) return;
  const pair = [make('div', {}, figure(answer.first, answer.title, { class: 'big' }), legend(answer.first.low, answer.first.high)), make('div', {}, figure(answer.second, ' ', { class: 'big' }), legend(answer.second.low, answer.second.high)),
    make('div', {}, figure(answer.gap, answer.gap_title, { diverging: true, class: 'big' }), legend(answer.gap.low, answer.gap.high, true))];
  const choice = make('select', { 'aria-label': words().against_label, onchange: (event) => { xray.against = event.target.value || null; tell('against'); } },
    make('option', { value: '' }, words().as_trained), ...xray.state.stops.map(([value, text]) => make('option', { value }, text)));
  choice.value = xray.against || '';
  body.replaceChildren(make('div', { class: 'sum-head' }, make('label', { class: 'foot' }, `${words().against_label} `, choice), ...(answer.same ? [make('span', { class: 'foot' }, words().same_stop)] : [])),
    make('div', { class: 'trio' }, ...(answer.same ? pair.slice(0, 1) : pair)));
}
hear('against', () => { if (pinned() && tab === 'before_after') show(); });

follow(draw);
