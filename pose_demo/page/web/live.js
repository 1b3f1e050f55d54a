// The Live tab: the webcam's newest frame through both networks, one at a time. What comes meanwhile is left out.
import * as camera from './camera.js';
import { asker } from './channel.js';
import { canvas } from './colour.js';
import { line, make, select } from './dom.js';
import { speakOf } from './overlay.js';
import * as photo from './photo.js';
import { move } from './stops.js';
import { on, state } from './store.js';
import { say, short, speak, tell, word } from './words.js';

/** Longest side of a frame that is sent; more is more than the networks see. */
const MOST = 640;
/** Over how many frames the speed is told. */
const SPAN = 10;
/** Milliseconds until it is asked again while the app still looks at a frame from before it was stopped. */
const BUSY = 200;

/** @param {HTMLElement} element */
export function start(element) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  const ask = asker(), video = $('video'), still = make('canvas'), said = $('.speed');
  const figures = /** @type {any[]} */ ([...element.querySelectorAll('.seen figure')]);
  /** @type {MediaStream | null} */
  let stream = null;
  let run = 0, first = 0, looked = 0, cell = '';
  /** @type {number[]} */
  let times = [];

  async function open() {
    complain(null);
    const mine = ++run, opened = await camera.open(video, () => {
      halt();
      complain('page.webcam_lost');
    });
    if (mine !== run) return camera.close(opened.stream); // started again while the browser asked
    if (opened.problem) return complain(opened.problem);
    stream = opened.stream;
    first = looked = 0;
    times = [];
    show();
    next(mine);
  }
  function halt() {
    run += 1;
    camera.close(stream);
    stream = video.srcObject = null;
    show();
  }
  function show() {
    const live = stream !== null;
    $('.go').hidden = live;
    $('.halt').hidden = !live;
    $('.freeze').hidden = !live || !looked; // before the first answer there is nothing to freeze
    if (!live) said.hidden = true;
  }
  const complain = (/** @type {string | null} */ key) => line($('.photo-error'), key && say(key));

  // The next frame is asked of the camera when the last one has been drawn: so none ever waits.
  const next = (/** @type {number} */ mine) => video.requestVideoFrameCallback(
    (/** @type {number} */ now, /** @type {VideoFrameCallbackMetadata} */ about) => look(mine, now, about));

  /** @param {number} mine @param {number} now @param {VideoFrameCallbackMetadata} about */
  async function look(mine, now, about) {
    if (mine !== run) return;
    if (!element.offsetParent) return halt(); // another tab of the page
    const began = performance.now(), [side, ...name] = cell.split(':');
    camera.grab(video, still, MOST);
    const frame = still.toDataURL('image/jpeg', 0.85).split(',')[1];
    const answer = await ask('live', { frame, side: Number(side), cell: name.join(':') });
    if (mine !== run) return;
    if (answer?.error?.key === 'live.busy') return void setTimeout(next, BUSY, mine);
    if (answer?.error) {
      halt();
      return void line($('.photo-error'), tell(answer.error));
    }
    if (answer) {
      draw(answer);
      first ||= about.presentedFrames;
      looked += 1;
      show();
      tellSpeed(about.captureTime ?? now, began, about.presentedFrames - first + 1, answer);
    }
    next(mine);
  }
  /** @param {import('./schema').Live} answer */
  function draw(answer) {
    $('.seen').hidden = false;
    answer.skeletons.forEach((svg, k) => {
      const shown = figures[k].querySelector('canvas');
      if (shown.width !== still.width || shown.height !== still.height) {
        Object.assign(shown, { width: still.width, height: still.height });
      }
      shown.getContext('2d')?.drawImage(still, 0, 0);
      figures[k].querySelector('.over').innerHTML = svg;
      speakOf(figures[k]);
    });
    $('.map-now').replaceChildren(...(answer.map ? [canvas(answer.map, { label: cell })] : []));
  }
  /** @param {number} captured @param {number} began @param {number} all @param {import('./schema').Live} answer */
  function tellSpeed(captured, began, all, { seconds, people, note }) {
    const now = performance.now(), delay = now - captured;
    times = [...times.slice(-SPAN), now];
    const speed = times.length > 1 ? (1000 * (times.length - 1)) / (now - times[0]) : 0;
    const numbers = { speed, delay, work: 1000 * seconds, all, dropped: all - looked };
    Object.assign(said.dataset, numbers, { frame: now - began, people, looked });
    line(said, [say('live.speed', numbers), people ? say('live.people', { people }) : say('live.nobody'), tell(note)]
      .filter(Boolean).join(' · '));
  }
  async function freeze() {
    const file = await camera.file(figures[0].querySelector('canvas')); // what is seen: `still` may be newer
    halt();
    if (!file) return;
    photo.take(file);
    /** @type {HTMLElement | null} */ (document.querySelector('#rooms [role=tab]'))?.click();
  }

  function choices() {
    const titles = state.sides.map((side) => side.title), cuts = state.cuts.flatMap((each) => Object.keys(each));
    $('.go').disabled = !state.key;
    line($('.how'), titles.length ? say('live.how', { networks: titles, cuts: cuts.length }) : '');
    $('.stop-of').replaceChildren(`${say('page.stop')} `, select(state.stops.map((stop, k) =>
      [String(k), word('stop', stop)]), state.stops.indexOf(state.stop ?? ''), (k) => move(Number(k))));
    const cells = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.map-scroll .cell')])
      .filter((node) => node.dataset.cell !== 'input').map((node) =>
        `${/** @type {HTMLElement} */ (node.closest('.map-scroll')).dataset.side}:${node.dataset.cell}`);
    const pinned = state.pin && `${state.pin.side}:${state.pin.cell}`;
    if (pinned && cells.includes(pinned)) cell = pinned;
    else if (!cells.includes(cell)) cell = cells[Math.floor(0.4 * cells.length)] ?? '';
    const title = (/** @type {string} */ each) => `${short(titles[Number(each[0])] ?? '')}: ${each.slice(2)}`;
    const name = () => { figures[2].querySelector('.name').textContent = cell && title(cell); };
    const choose = (/** @type {string | null} */ to) => {
      cell = to ?? '';
      name();
    };
    $('.cell-of').replaceChildren(`${say('live.cell')} `,
      select(cells.map((each) => [each, title(each)]), cell, choose));
    titles.forEach((each, k) => { figures[k].querySelector('.name').textContent = each; });
    name();
  }

  $('.go').addEventListener('click', open);
  $('.halt').addEventListener('click', halt);
  $('.freeze').addEventListener('click', freeze);
  speak(element);
  on(['key', 'pin', 'language'], choices);
  choices();
  return () => {};
}
