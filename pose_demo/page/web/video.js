// The Video tab: a file in, both skeletons side by side out, any joint's path over time, and all to take away.
import { expect, refusal } from './channel.js';
import { line, make, select } from './dom.js';
import { move } from './stops.js';
import { on, state as shared } from './store.js';
import { number, say, speak, tell, word } from './words.js';

/** @typedef {import('./schema').VideoPatch} Patch */

/** Milliseconds after which a video of which nothing was heard was refused: Gradio does not tell us. */
const HEARD = 30000;

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  const film = $('video'), file = $('.file'), go = $('.go');
  /** @type {Patch} */
  let state = { megabytes: 0, error: null, busy: null, far: null, result: null, seen: null };
  let path = '', working = false, uploads = 0, waits = 0;

  // --- in
  async function take(/** @type {File | undefined} */ chosen) {
    if (!chosen) return;
    if (working) return draw({ error: { key: 'video.working', values: { name: chosen.name } } });
    path = '';
    $('.file-name').textContent = chosen.name;
    if (chosen.size > state.megabytes * 1e6) {
      return draw({ error: { key: 'video.too_large', values: { name: chosen.name, most: state.megabytes,
        size: (chosen.size / 1e6).toFixed(0) } } });
    }
    const mine = ++uploads;
    draw({ error: null, busy: { key: 'page.uploading' } });
    try {
      const { path: there } = await wire.upload(chosen);
      if (mine !== uploads) return;
      path = there;
      draw({ busy: null });
      look();
    } catch (problem) {
      const error = refusal(problem, 'video.upload_failed', chosen, state.megabytes);
      if (mine === uploads) draw({ busy: null, error });
    }
  }
  function works(/** @type {boolean} */ now) {
    working = now;
    expect(element, now);
  }
  function look() {
    works(true);
    wire.send('video', { path, smooth: $('.smooth').checked });
    draw({ busy: { key: 'page.starting' }, error: null });
    waits = setTimeout(() => {
      works(false);
      draw({ busy: null, error: { key: 'page.unheard', values: { name: $('.file-name').textContent } } });
    }, HEARD);
  }

  // --- out
  function draw(/** @type {Partial<Patch>} */ patch) {
    state = { ...state, ...patch };
    const { busy, far, error, result, seen } = state;
    line($('.photo-error'), tell(error));
    $('.far').hidden = !busy && !far;
    if (far) $('progress').value = far.share;
    else $('progress').removeAttribute('value');
    $('.far span').textContent = busy || !far ? tell(busy)
      : say('video.far', far) + (far.left === null ? '' : say('video.left', far));
    go.disabled = working || !path;
    $('.choose').disabled = working;
    $('.cancel').hidden = !working;
    $('.result').hidden = !result;
    if (patch.megabytes) how();
    if ('result' in patch) drawResult();
    if (seen && ('result' in patch || 'seen' in patch)) drawPath();
    $('.traced').hidden = !seen;
  }
  function drawResult() {
    const { result } = state;
    film.removeAttribute('src');
    film.load();
    if (!result) return;
    const at = (/** @type {string} */ name) => new URL(result.address + name, document.baseURI).href;
    film.src = at('skeletons.mp4');
    $('.files').replaceChildren(...[['mp4', 'skeletons.mp4'], ['json', 'joints.json'], ['csv', 'joints.csv']].map(
      ([kind, name]) => make('a', { class: 'plain', href: at(name), download: name }, say(`video.take_${kind}`))));
    $('.about').textContent = [say('video.about', { ...result, count: result.people.length }),
      ...result.notes.map(tell), ...(result.smooth ? [say('video.smoothed')] : [])].join(' · ');
  }
  function drawPath() {
    const { result, seen } = state;
    if (!result || !seen) return;
    const see = (/** @type {Partial<import('./schema').See>} */ other) =>
      wire.send('see_video', { joint: seen.joint, person: seen.person, ...other });
    $('.joint').replaceChildren(`${say('page.table_joint')} `, select(result.joints.map((one) =>
      [one, word('joint', one)]), seen.joint, (joint) => see({ joint: joint ?? '' })));
    $('.person').replaceChildren(...(result.people.length < 2 ? [] : [`${say('video.person')} `,
      select(result.people.map((one) => [String(one), String(one)]), seen.person,
        (person) => see({ person: Number(person) }))]));
    $('.over-time').innerHTML = seen.svg;
    const svg = $('.over-time svg');
    svg.setAttribute('aria-label', say('video.path', { joint: seen.joint }));
    svg.append(now);
    svg.addEventListener('click', (/** @type {MouseEvent} */ event) => {
      const box = svg.getBoundingClientRect(), { from, to, left, right } = svg.dataset;
      const part = ((event.clientX - box.left) / box.width - Number(left)) / (right - left);
      film.currentTime = Number(from) + Math.min(1, Math.max(0, part)) * (to - from);
    });
    follow();
    drawJitter(result, seen);
  }
  /** @param {import('./schema').VideoResult} result @param {import('./schema').VideoSeen} seen */
  function drawJitter(result, seen) {
    const kinds = result.smooth ? ['video.raw', 'video.drawn'] : ['video.raw'];
    const head = result.networks.flatMap((name) => kinds.map((kind) =>
      make('th', { scope: 'col' }, name, make('small', {}, say(kind)))));
    const rows = Object.entries(seen.jitter).map(([joint, values]) =>
      make('tr', { class: joint === seen.joint ? 'here' : null }, make('th', { scope: 'row' }, word('joint', joint)),
        ...values.map((value) => make('td', {}, value === null ? '–' : number(value, '.2f')))));
    $('table').replaceChildren(make('thead', {}, make('tr', {}, make('th', { scope: 'col' }, say('page.table_joint')),
      ...head)), make('tbody', {}, ...rows));
  }

  // --- where the video is, as a line in the plot
  const now = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  now.setAttribute('class', 'now');
  function follow() {
    const svg = $('.over-time svg');
    if (!svg) return;
    const { from, to, left, right } = svg.dataset;
    const [, , wide, high] = svg.getAttribute('viewBox').split(' ').map(Number);
    const part = (film.currentTime - from) / (to - from);
    const x = wide * (Number(left) + Math.min(1, Math.max(0, part)) * (right - left));
    now.setAttribute('d', `M${x.toFixed(1)} 22V${high - 20}`);
  }
  for (const kind of ['timeupdate', 'seeking']) film.addEventListener(kind, follow);

  function how() {
    const networks = shared.sides.map((side) => side.title), cuts = shared.cuts.flatMap((each) => Object.keys(each));
    line($('.how'), networks.length ? say('video.how', { ...state, networks, cuts: cuts.length }) : '');
    $('.stop-of').replaceChildren(`${say('page.stop')} `, select(shared.stops.map((stop, k) =>
      [String(k), word('stop', stop)]), shared.stops.indexOf(shared.stop ?? ''), (k) => move(Number(k))));
  }

  $('.choose').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    take(file.files[0]);
    file.value = '';
  });
  go.addEventListener('click', look);
  $('.cancel').addEventListener('click', () => wire.send('stop_video', {}));
  for (const kind of ['dragover', 'drop']) {
    element.addEventListener(kind, (event) => {
      event.preventDefault();
      event.stopPropagation(); // a drop elsewhere is a photo
      if (event instanceof DragEvent && kind === 'drop') take(event.dataTransfer?.files[0]);
    });
  }

  speak(element);
  on(['key', 'language'], how);
  on(['language'], () => draw({ result: state.result }));
  return (/** @type {Partial<Patch>} */ patch) => {
    clearTimeout(waits);
    if ('busy' in patch) works(Boolean(patch.busy || patch.far));
    draw(patch);
  };
}
