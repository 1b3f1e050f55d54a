// The photo: upload, drop, paste, webcam and examples. The person's box is box.js's.
import * as boxes from './box.js';
import { line, make, shape } from './dom.js';
import { on, set, state as shared } from './store.js';
import { say, speak, tell } from './words.js';

/** @typedef {import('./schema').PhotoPatch} Patch */

/** @param {HTMLElement} element @param {import('./channel.js').Wire} wire */
export function start(element, wire) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  const frame = $('.frame'), picture = $('.picture'), video = $('video'), file = $('.file');
  /** @type {Patch} */
  let state = { megabytes: 0, photo: null, thumbnails: [], example: null, box: null, found: null, confidence: null,
    person: true, error: null, nearer: null };
  let number = Date.now();
  /** @type {MediaStream | null} */
  let stream = null;
  const box = boxes.start(element, (drawn) => wire.send('frame', { box: drawn }), () => !stream,
    () => complain('page.box_bad'));

  function draw(/** @type {Partial<Patch>} */ patch) {
    state = { ...state, ...patch };
    line($('.photo-error'), tell(state.error));
    if ('error' in patch) line($('.wait'));
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
    line($('.nearer'), tell(state.nearer));
    $('.look').classList.toggle('hard', Boolean(example?.hard));
    drawExamples();
    box.show(state);
    $('.which').textContent = state.box ? say('page.box_given') : !state.person ? say('page.nobody')
      : state.found ? say('page.box_found', { confidence: state.confidence }) : say('page.box_none');
  }

  function drawExamples() {
    $('.examples').replaceChildren(...state.thumbnails.map((each) => make('button', {
      type: 'button', class: 'example', title: say(`example.${each.name}.title`),
      'aria-pressed': each.name === state.example?.name,
      'aria-label': say(`example.${each.name}.title`) + (each.hard ? ` (${say('page.hard')})` : ''),
      onclick: () => {
        wait('page.reading');
        send({ example: each.name });
      },
    }, make('img', { src: each.image, alt: '' }), ...(each.hard ? [make('span', 'mark', say('page.hard'))] : []))));
  }

  function wait(/** @type {string} */ key) {
    line($('.wait'), say(key));
    line($('.photo-error'));
  }
  function complain(/** @type {string} */ key, values = {}) {
    state.error = { key, values };
    line($('.wait'));
    line($('.photo-error'), tell(state.error));
  }
  function send(/** @type {{ path?: string, example?: string }} */ what) {
    closeWebcam();
    wire.send('take', { n: ++number, ...what });
  }

  async function take(/** @type {File | undefined} */ chosen) {
    if (!chosen) return complain('page.not_image');
    closeWebcam();
    if (chosen.size > state.megabytes * 1e6) return complain('page.upload_failed', { megabytes: state.megabytes });
    const mine = ++number;
    wait('page.uploading');
    try {
      const { path } = await wire.upload(chosen);
      if (mine !== number) return;
      wait('page.reading');
      send({ path });
    } catch {
      if (mine === number) complain('page.upload_failed', { megabytes: state.megabytes });
    }
  }

  // A clipboard or a drop may carry text beside the file.
  const fileOf = (/** @type {DataTransfer | null} */ transfer) => [...(transfer?.files || [])][0];

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
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    showWebcam(false);
  }
  $('.camera').addEventListener('click', async () => {
    if (!navigator.mediaDevices?.getUserMedia) return complain('page.webcam_none');
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      video.srcObject = stream;
      await video.play();
      line($('.photo-error'));
      showWebcam(true);
      $('.snap').focus();
    } catch (problem) {
      closeWebcam();
      const refused = problem instanceof DOMException && problem.name === 'NotAllowedError';
      complain(refused ? 'page.webcam_refused' : 'page.webcam_none');
    }
  });
  $('.snap').addEventListener('click', () => {
    const still = make('canvas', { width: video.videoWidth, height: video.videoHeight });
    still.getContext('2d')?.drawImage(video, 0, 0);
    still.toBlob((blob) => { if (blob) take(new File([blob], 'webcam.png', { type: 'image/png' })); }, 'image/png');
  });
  $('.stop').addEventListener('click', () => {
    closeWebcam();
    $('.camera').focus();
  });

  speak(element);
  on(['language'], () => draw({}));
  return draw;
}
