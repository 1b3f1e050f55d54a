// The photo: upload, drop, paste, webcam and examples. The person's box is box.js's.
import { remember } from './again.js';
import * as boxes from './box.js';
import * as camera from './camera.js';
import { expect, refusal } from './channel.js';
import { line, make, shape } from './dom.js';
import { on, set, state as shared } from './store.js';
import { say, speak, tell } from './words.js';

/** @typedef {import('./schema').PhotoPatch} Patch */
/** @typedef {Omit<import('./schema').Take, 'n'>} Taken */

/** Takes a photo from wherever on the page, with a box or one of its people where these are known.
 * @type {(chosen: File | undefined, known?: Pick<import('./schema').Take, 'box' | 'who'>) => void} */
export let take = () => {};

/** The first example, by an event of the caller's. @type {(send: (what: Taken) => number) => void} */
export let first = () => {};

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  const frame = $('.frame'), picture = $('.picture'), video = $('video'), file = $('.file');
  /** @type {Patch} */
  let state = { megabytes: 0, photo: null, thumbnails: [], example: null, box: null, found: null, confidence: null,
    person: true, people: [], who: 1, error: null, nearer: null, finder: false };
  let number = 0, calls = 0;
  /** What was given, by the numbers of its events; of these the newest; and what is shown: all but its box and person.
   * @type {Map<number, import('./again.js').Sent>} */
  const pending = new Map();
  let asked = 0, travels = false;
  let /** @type {File | null} */ its = null, /** @type {import('./again.js').Sent | null} */ lost = null;
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {Patch['thumbnails']} */
  let listed = [];
  let around = '';
  const box = boxes.start(element, (drawn) => wire.send('frame', { box: drawn }), () => !stream,
    () => complain('page.box_bad'), (place) => {
      const who = state.people.length > 1 ? boxes.under(state.people, place) + 1 : 0;
      if (who && who !== state.who) wire.send('person', { who });
    });

  function draw(/** @type {Partial<Patch>} */ patch) {
    state = { ...state, ...patch };
    if (patch.asked !== undefined && patch.asked < asked) state.error = null; // of an older one than is awaited
    line($('.photo-error'), tell(state.error));
    if (patch.asked !== undefined) heard(patch.asked, patch.photo);
    const { photo, example } = state;
    if (patch.photo && photo) {
      picture.src = photo.src;
      picture.hidden = false;
      frame.classList.remove('empty');
      shape(frame, photo.width, photo.height);
      set({ photos: [...shared.photos.slice(-2), photo] });
    }
    picture.alt = example ? say(`example.${example.name}.title`) : say('page.photo');
    line($('.look'), example ? say('page.look_for') + example.says.map(tell).join(' ') : '');
    line($('.smaller'), photo?.whole && say('page.smaller', { width: photo.width, height: photo.height,
      file_width: photo.whole[0], file_height: photo.whole[1] }));
    line($('.nearer'), tell(state.nearer));
    $('.look').classList.toggle('hard', Boolean(example?.hard));
    drawExamples();
    box.show(state);
    set({ framed: framed(), who: state.people.length > 1 ? state.who : 1 });
    $('.inside').hidden = !photo || !state.finder;
    drawPeople();
    $('.which').textContent = state.box ? say('page.box_given') : !state.person ? say('page.nobody')
      : state.people.length > 1 ? say('page.people_found', { count: state.people.length, who: state.who })
        : state.found ? say('page.box_found', { confidence: state.confidence }) : say('page.box_none');
  }

  function framed() {
    const { example, box: given } = state;
    if (!example || String(example.box) === String(given)) return null;
    return given ? String(given) : 'none';
  }

  /** Everybody who was found, by number: a click looks at another one more closely. A button that is there stays, here
   * and below: one that is drawn anew under a finger loses its click. */
  function drawPeople() {
    const { photo, people, who } = state, list = $('.people');
    const share = (/** @type {number} */ value, /** @type {number} */ of) => `${(100 * (value + 0.5)) / of}%`;
    const { width, height } = photo ?? { width: 1, height: 1 }, shown = photo && people.length > 1 ? people : [];
    const now = JSON.stringify([shown, width, height]);
    if (around !== now) {
      around = now;
      list.replaceChildren(...shown.map(([x0, y0, x1, y1], k) => make('button', {
        type: 'button', class: 'one', onclick: () => wire.send('person', { who: k + 1 }),
        onpointerdown: (/** @type {Event} */ event) => event.stopPropagation(), // no box begins here
        style: `left:${share(x0, width)};top:${share(y0, height)};width:${share(x1 - x0 - 0.5, width)};`
          + `height:${share(y1 - y0 - 0.5, height)}`,
      }, make('span', {}, String(k + 1)))));
    }
    shown.forEach((_, k) => {
      const node = list.children[k];
      node.title = say('page.person', { number: k + 1 });
      node.setAttribute('aria-label', node.title);
      node.setAttribute('aria-pressed', String(k + 1 === who));
    });
  }

  function drawExamples() {
    const list = $('.examples');
    if (listed !== state.thumbnails) {
      listed = state.thumbnails;
      list.replaceChildren(...listed.map((each) => make('button', {
        type: 'button', class: 'example', onclick: () => {
          give({ example: each.name }, null);
        },
      }, make('img', { src: each.image, alt: '' }), ...(each.hard ? [make('span', 'mark')] : []))));
    }
    listed.forEach((each, k) => {
      const node = list.children[k], mark = node.querySelector('.mark'), hard = say('page.hard');
      node.title = say(`example.${each.name}.title`);
      node.setAttribute('aria-label', node.title + (each.hard ? ` (${hard})` : ''));
      node.setAttribute('aria-pressed', String(each.name === state.example?.name));
      if (mark) mark.textContent = hard;
    });
  }

  function wait(/** @type {string} */ key) {
    state.error = null; // no other patch shows the last photo's again
    line($('.wait'), say(key));
    line($('.photo-error'));
  }
  function complain(/** @type {string} */ key, values = {}) {
    complainOf({ key, values });
  }
  function complainOf(/** @type {import('./schema').Said} */ error) {
    state.error = error;
    line($('.wait'));
    line($('.photo-error'), tell(error));
  }
  /** Has the app read one. @param {Taken} what @param {File | null} own */
  function give(what, own, send = (/** @type {Taken} */ taken) => wire.send('take', taken)) {
    closeWebcam();
    number += 1;
    travels = false;
    wait('page.reading');
    asked = send(what);
    pending.set(asked, { file: own, example: what.example ?? null, box: what.box, who: what.who ?? 1 });
    expect(element, true, () => {
      expect(element, false);
      set({ work: 'none' }); // what was to follow does not come either
      complain('page.unheard', { name: own?.name ?? say(`example.${what.example}.title`) });
    });
  }
  /** The app has told what became of one. @param {number} of @param {Patch['photo'] | undefined} photo */
  function heard(of, photo) {
    const one = pending.get(of);
    if (photo) its = one?.file ?? null;
    else if (state.error?.key === 'page.expired') lost = one ?? null;
    for (const old of pending.keys()) if (old <= of) pending.delete(old);
    if (of < asked) return;
    expect(element, false);
    if (!travels) line($('.wait'));
  }

  take = async (now, known = {}) => {
    if (!now) return complain('page.not_image');
    closeWebcam();
    if (now.size > state.megabytes * 1e6) {
      return complain('photo.too_large', { name: now.name, most: state.megabytes, size: (now.size / 1e6).toFixed(0) });
    }
    const turn = ++number;
    travels = true;
    wait('page.uploading');
    try {
      const { path } = await wire.upload(now);
      if (turn === number) give({ path, ...known }, now);
    } catch (problem) {
      if (turn !== number) return;
      travels = false;
      complainOf(refusal(problem, 'page.upload_failed', now, state.megabytes));
    }
  };

  first = (send) => give({ example: state.thumbnails[0]?.name }, null, send);

  // A clipboard or a drop may carry text beside the file.
  const fileOf = (/** @type {DataTransfer | null} */ transfer) => [...(transfer?.files || [])][0];

  $('.inside').addEventListener('click', () => wire.send('inside', { finder: true }));
  $('.upload').addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    if (file.files[0]) take(file.files[0]);
    file.value = '';
  });
  document.addEventListener('paste', (event) => {
    const pasted = fileOf(event.clipboardData);
    const typing = event.target instanceof Element && event.target.closest('input, textarea');
    if (pasted) event.preventDefault();
    if (pasted || !typing) take(pasted);
  });

  // A drop anywhere: a near miss would otherwise make the browser leave the page.
  for (const kind of /** @type {const} */ (['dragover', 'drop'])) {
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      if (kind === 'dragover') frame.dataset.drop = say('page.drop');
      else {
        delete frame.dataset.drop;
        take(fileOf(event.dataTransfer));
      }
    });
  }
  document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) delete frame.dataset.drop; });

  function showWebcam(/** @type {boolean} */ live) {
    video.hidden = !live;
    for (const name of ['.upload', '.camera', '.draw', '.clear']) $(name).hidden = live;
    for (const name of ['.snap', '.stop']) $(name).hidden = !live;
    frame.classList.toggle('live', live);
  }
  function closeWebcam() {
    calls += 1;
    camera.close(stream);
    stream = null;
    showWebcam(false);
  }
  $('.camera').addEventListener('click', async () => {
    const mine = ++calls, opened = await camera.open(video, () => {
      closeWebcam();
      complain('page.webcam_lost');
    });
    if (mine !== calls) return camera.close(opened.stream); // another photo came while the browser asked
    stream = opened.stream;
    if (opened.problem) return complain(opened.problem);
    line($('.photo-error'));
    showWebcam(true);
    $('.snap').focus();
  });
  $('.snap').addEventListener('click', async () => {
    const still = make('canvas');
    camera.grab(video, still);
    take(await camera.file(still) ?? undefined);
  });
  $('.stop').addEventListener('click', () => {
    closeWebcam();
    $('.camera').focus();
  });

  remember(() => lost ?? (state.photo && { file: state.example ? null : its, example: state.example?.name ?? null,
    box: state.box, who: state.who }), ({ file: kept, example, ...known }) => {
    if (kept) take(kept, known);
    else if (example) give({ example, ...known }, null);
  });
  speak(element);
  on(['language'], () => draw({}));
  return draw;
}
