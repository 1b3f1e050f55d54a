// The two maps, the hover preview, the keyboard, and which cell is pinned.
let zoom = 1;
const pinned = () => xray.pin;

function draw(patch) {
  const other = patch.joint && patch.joint !== xray.joint;
  if (patch.joint) xray.joint = patch.joint;
  Object.assign(xray.state, patch);
  if (!patch.key) { if (other && xray.state.key) tell('joint'); return; }
  PoseDemo.speak(element, words());
  $('.xray').hidden = false;
  if (patch.sides) drawMaps(patch.sides);
  if (patch.pin) { xray.pin = patch.pin; xray.state.pin = null; }
  drawBar();
  tell('shot');
  restore();
}

function drawMaps(sides) {
  const top = element.getBoundingClientRect().top;
  const widest = Math.max(...sides.map((side) => side.width || 0));
  const scrolled = [...element.querySelectorAll('.map-scroll')].map((node) => node.scrollLeft);
  $('.maps2').replaceChildren(...sides.map((side, k) => {
    const head = make('p', { class: 'of' }, make('b', {}, side.title), make('span', { class: side.trained ? 'badge' : 'badge untrained' }, side.badge));
    if (side.why) return make('div', { class: 'map-card' }, head, make('p', { class: 'foot' }, side.why));
    const scroll = make('div', { class: 'map-scroll', 'data-side': k });
    scroll.innerHTML = side.svg;
    const svg = scroll.firstElementChild;
    svg.dataset.share = side.width / widest;
    svg.dataset.natural = side.width;
    return make('div', { class: 'map-card', 'data-side': k }, head, scroll, mapLegend(side), remarks(side));
  }));
  element.querySelectorAll('.map-scroll').forEach((node, k) => { node.scrollLeft = scrolled[k] || 0; listen(node); });
  size();
  const moved = element.getBoundingClientRect().top - top;
  if (moved) scrollBy(0, moved); // nothing jumps: who looks at a map keeps it before their eyes
}

function mapLegend(side) {
  const kinds = side.hourglass ? [['up', 'up_hourglass'], ['down', 'down_hourglass'], ['skip', 'skip'], ['back', 'back']]
    : [['same', 'same'], ['up', 'up'], ['down', 'down']];
  return make('div', { class: 'map-legend foot' },
    make('span', {}, words().legend_energy),
    ...side.groups.map(([name, top]) => make('span', { class: 'group' }, `${name} `, make('span', { class: 'range' }, make('span', {}, '0'), make('i', {}), make('span', {}, top)))),
    ...kinds.map(([kind, word]) => make('span', { class: 'way' }, make('i', { class: kind }), words()[word])),
    make('span', {}, words().scale_bar));
}

function remarks(side) {
  return make('ol', { class: `remarks foot${side.hourglass ? ' one' : ''}` }, ...side.notes.map((text, k) => make('li', {}, make('b', { class: 'no' }, String(k + 1)), make('span', {}, text))));
}

// Both maps are drawn in one scale: the wider one fits the page, or scrolls where it would get too small.
function size() {
  for (const svg of element.querySelectorAll('.xmap')) {
    svg.style.width = `${100 * zoom * svg.dataset.share}%`;
    svg.style.minWidth = `${0.82 * zoom * svg.dataset.natural}px`;
  }
}

function drawBar() {
  $('.zooms').replaceChildren(...[[1, words().fit], [1.5, '1.5×'], [2, '2×'], [3, '3×']].map(([to, text]) => make('button', {
    type: 'button', class: 'plain', 'aria-pressed': zoom === to, onclick: () => { zoom = to; drawBar(); size(); },
  }, text)));
}

// --- hover, click, keys
function listen(scroll) {
  const cells = [...scroll.querySelectorAll('.cell')];
  if (cells.length) cells[0].setAttribute('tabindex', '0');
  scroll.addEventListener('pointerover', (event) => peek(event.target.closest('.cell')));
  scroll.addEventListener('pointerleave', () => peek(null));
  scroll.addEventListener('focusin', (event) => peek(event.target.closest('.cell')));
  scroll.addEventListener('focusout', () => peek(null));
  scroll.addEventListener('click', (event) => { const cell = event.target.closest('.cell'); if (cell) pin(cell); });
  scroll.addEventListener('keydown', (event) => keys(event, cells));
}

const part = (cell, selector) => cell.parentNode.querySelector(selector);
const sideOf = (cell) => Number(cell.closest('.map-scroll').dataset.side);

function peek(cell) {
  const box = $('.peek');
  for (const lit of element.querySelectorAll('.lit')) lit.classList.remove('lit');
  box.hidden = !cell;
  if (!cell) return;
  const scroll = cell.closest('.map-scroll'), name = cell.dataset.cell;
  for (const way of scroll.querySelectorAll(`[data-to="${name}"]`)) way.classList.add('lit');
  const thumb = part(cell, '.thumb').cloneNode(true), ratio = thumb.getAttribute('width') / thumb.getAttribute('height');
  for (const part of ['x', 'y']) thumb.removeAttribute(part);
  thumb.setAttribute('width', Math.min(190, 190 * ratio));
  thumb.setAttribute('height', Math.min(190, 190 / ratio));
  box.replaceChildren(thumb, make('b', {}, name), make('span', {}, cell.dataset.size));
  const at = part(cell, '.rim').getBoundingClientRect(), mine = box.getBoundingClientRect();
  const left = at.right + 14 + mine.width < innerWidth ? at.right + 14 : Math.max(4, at.left - mine.width - 14);
  box.style.left = `${left}px`;
  box.style.top = `${Math.max(4, Math.min(innerHeight - mine.height - 4, at.top - 20))}px`;
}

function pin(cell) {
  const side = sideOf(cell);
  xray.pin = { side, cell: cell.dataset.cell, channel: null };
  mark(cell);
  peek(null);
  tell('pin', xray.pin);
}

function mark(cell) {
  for (const old of element.querySelectorAll('.cell.pinned')) { old.classList.remove('pinned'); old.setAttribute('aria-pressed', 'false'); }
  for (const stop of element.querySelectorAll('.cell[tabindex="0"]')) if (!cell || stop.closest('.map-scroll') === cell.closest('.map-scroll')) stop.setAttribute('tabindex', '-1');
  if (!cell) { for (const scroll of element.querySelectorAll('.map-scroll')) scroll.querySelector('.cell')?.setAttribute('tabindex', '0'); return; }
  cell.classList.add('pinned');
  cell.setAttribute('aria-pressed', 'true');
  cell.setAttribute('tabindex', '0');
}

const find = ({ side, cell }) => element.querySelector(`.map-scroll[data-side="${side}"] .cell[data-cell="${cell}"]`);

// After a new photo or slider position the same cell stays open.
function restore() {
  if (!pinned()) return;
  const cell = find(pinned());
  if (!cell) { release(); return; }
  mark(cell);
  tell('pin', pinned());
}

function release() {
  xray.pin = null;
  mark(null);
  tell('release');
}

// Left and right walk along stages and stacks, up and down along branches and levels.
function keys(event, cells) {
  const here = event.target.closest?.('.cell');
  if (!here) return;
  if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); pin(here); return; }
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const next = neighbour(here, cells, ...step);
  if (!next) return;
  here.setAttribute('tabindex', '-1');
  next.setAttribute('tabindex', '0');
  next.focus();
  next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  if (pinned()) pin(next);
}

function neighbour(here, cells, across, down) {
  const column = Number(here.dataset.column), row = Number(here.dataset.row);
  let best = null, least = Infinity;
  for (const cell of cells) {
    const dx = Number(cell.dataset.column) - column, dy = Number(cell.dataset.row) - row;
    const ahead = across ? dx * across : dy * down, aside = Math.abs(across ? dy : dx);
    if (ahead <= 0) continue;
    const far = ahead + aside * (across ? 100 : 3);
    if (far < least) { least = far; best = cell; }
  }
  return best;
}

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !element.isConnected || !pinned()) return;
  const cell = find(pinned());
  release();
  cell?.focus({ preventScroll: true });
  peek(null);
});
addEventListener('scroll', () => { if (element.isConnected) peek(null); }, { passive: true });
hear('unpin', release);
hear('walk', ({ cell, side }) => { const next = find({ cell, side }); if (next) { pin(next); next.scrollIntoView({ block: 'nearest', inline: 'center', behavior: 'smooth' }); } });
