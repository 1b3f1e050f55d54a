// The photo: upload, drop, paste, webcam, examples, and the person's box drawn or typed.
const $ = (selector) => element.querySelector(selector);
const frame = $('.frame'), picture = $('.picture'), overlay = $('svg.box'), video = $('video');
const file = $('.file'), form = $('form'), drawing = $('.draw');
let state = {}, number = Date.now(), stream = null;

function draw(patch) {
  if (patch.n < state.n) return;
  state = { ...state, ...patch };
  const words = state.words;
  PoseDemo.speak(element, words);
  PoseDemo.line($('.photo-error'), state.error);
  if (!state.reading) PoseDemo.line($('.wait'), '');
  if (patch.image) {
    picture.src = state.image;
    picture.hidden = false;
    picture.alt = state.example || words.photo;
    frame.classList.remove('empty');
    PoseDemo.shape(frame, state.width, state.height);
  }
  PoseDemo.line($('.look'), state.caption ? words.look_for + state.caption : '');
  $('.look').classList.toggle('hard', Boolean(state.caption && state.hard));
  if (patch.thumbnails || patch.words) drawExamples();
  for (const button of element.querySelectorAll('.examples button')) {
    button.setAttribute('aria-pressed', String(button.dataset.title === state.example));
  }
  drawBox(state.box || state.found, !state.box);
  $('.clear').disabled = !state.box;
  $('.which').textContent = state.box ? words.box_given
    : state.found ? PoseDemo.fill(words.box_found, state.confidence) : words.box_none;
}

function drawExamples() {
  const words = state.words;
  $('.examples').replaceChildren(...(state.thumbnails || []).map((example) =>
    PoseDemo.make('button', {
      type: 'button', class: 'example', 'data-title': example.title, 'aria-pressed': 'false', title: example.title,
      'aria-label': example.title + (example.hard ? ` (${words.hard})` : ''),
      onclick: () => { wait(words.reading); send({ example: example.title }); },
    }, PoseDemo.make('img', { src: example.image, alt: '' }),
    ...(example.hard ? [PoseDemo.make('span', { class: 'mark' }, words.hard)] : []))));
}

function wait(text) {
  PoseDemo.line($('.wait'), text);
  PoseDemo.line($('.photo-error'), '');
  state.reading = true;
}

function complain(text) {
  state.reading = false;
  state.error = text;
  PoseDemo.line($('.wait'), '');
  PoseDemo.line($('.photo-error'), text);
}

function send(what) {
  closeWebcam();
  trigger('take', { n: ++number, ...what });
}

async function take(chosen) {
  if (!chosen) return complain(state.words.not_image);
  closeWebcam();
  const mine = ++number;
  wait(state.words.uploading);
  try {
    const { path } = await upload(chosen);
    if (mine !== number) return;
    wait(state.words.reading);
    send({ path });
  } catch {
    if (mine === number) complain(PoseDemo.fill(state.words.upload_failed, state.megabytes));
  }
}

// A clipboard or a drop may carry text beside the file.
const fileOf = (transfer) => [...(transfer?.files || [])][0];

$('.upload').addEventListener('click', () => file.click());
file.addEventListener('change', () => { if (file.files[0]) take(file.files[0]); file.value = ''; });
document.addEventListener('paste', (event) => {
  const pasted = fileOf(event.clipboardData);
  if (pasted) { event.preventDefault(); take(pasted); }
  else if (!event.target.closest('input, textarea')) complain(state.words.not_image);
});

// A drop anywhere: a near miss would otherwise make the browser leave the page.
const carriesFile = (event) => [...(event.dataTransfer?.types || [])].includes('Files');
document.addEventListener('dragover', (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  frame.dataset.drop = state.words.drop;
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) delete frame.dataset.drop; });
document.addEventListener('drop', (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  delete frame.dataset.drop;
  take(fileOf(event.dataTransfer));
});

// The webcam.
function showWebcam(on) {
  video.hidden = !on;
  for (const name of ['.upload', '.camera', '.draw', '.clear']) $(name).hidden = on;
  for (const name of ['.snap', '.stop']) $(name).hidden = !on;
  frame.classList.toggle('live', on);
}
function closeWebcam() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  showWebcam(false);
}
$('.camera').addEventListener('click', async () => {
  if (!navigator.mediaDevices?.getUserMedia) return complain(state.words.webcam_none);
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    video.srcObject = stream;
    await video.play();
    PoseDemo.line($('.photo-error'), '');
    showWebcam(true);
    $('.snap').focus();
  } catch (problem) {
    closeWebcam();
    complain(problem.name === 'NotAllowedError' ? state.words.webcam_refused : state.words.webcam_none);
  }
});
$('.snap').addEventListener('click', () => {
  const canvas = PoseDemo.make('canvas', { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext('2d').drawImage(video, 0, 0);
  canvas.toBlob((blob) => take(new File([blob], 'webcam.png', { type: 'image/png' })), 'image/png');
});
$('.stop').addEventListener('click', () => { closeWebcam(); $('.camera').focus(); });

// The box. Pixel centres lie at whole numbers, so that the photo reaches from -0.5 to its width - 0.5.
function drawBox(box, dashed) {
  overlay.toggleAttribute('hidden', !box || !state.width);
  if (!box || !state.width) return;
  overlay.setAttribute('viewBox', `-0.5 -0.5 ${state.width} ${state.height}`);
  overlay.classList.toggle('dashed', dashed);
  for (const rect of overlay.querySelectorAll('rect')) {
    const [x0, y0, x1, y1] = box;
    Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 })
      .forEach(([name, value]) => rect.setAttribute(name, Math.max(value, name[0] === 'x' || name[0] === 'y' ? -1e6 : 0)));
  }
  ['x0', 'y0', 'x1', 'y1'].forEach((name, k) => {
    if (document.activeElement !== form.elements[name]) form.elements[name].value = box[k];
  });
}

function at(event) {
  const { left, top, width, height } = picture.getBoundingClientRect();
  const inside = (value) => Math.min(1, Math.max(0, value));
  return [inside((event.clientX - left) / width) * state.width - 0.5,
          inside((event.clientY - top) / height) * state.height - 0.5].map((v) => Math.round(v * 10) / 10);
}

let start = null, drawn = null;
frame.addEventListener('pointerdown', (event) => {
  const touch = event.pointerType === 'touch' && drawing.getAttribute('aria-pressed') !== 'true';
  if (!state.image || stream || event.button || touch) return;
  event.preventDefault();
  frame.setPointerCapture(event.pointerId);
  start = at(event);
  drawn = null;
});
frame.addEventListener('pointermove', (event) => {
  if (!start) return;
  const end = at(event);
  drawn = [Math.min(start[0], end[0]), Math.min(start[1], end[1]), Math.max(start[0], end[0]), Math.max(start[1], end[1])];
  drawBox(drawn, false);
});
frame.addEventListener('pointerup', () => {
  const least = Math.max(state.width, state.height) / 50;
  const fine = drawn && drawn[2] - drawn[0] >= least && drawn[3] - drawn[1] >= least;
  start = null;
  if (fine) { pressDraw(false); trigger('frame', { box: drawn }); }
  else drawBox(state.box || state.found, !state.box);
});
frame.addEventListener('pointercancel', () => { start = null; drawBox(state.box || state.found, !state.box); });

function pressDraw(on) {
  drawing.setAttribute('aria-pressed', String(on));
  frame.classList.toggle('drawing', on);
}
drawing.addEventListener('click', () => pressDraw(drawing.getAttribute('aria-pressed') !== 'true'));
$('.clear').addEventListener('click', () => trigger('frame', { box: null }));
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const box = ['x0', 'y0', 'x1', 'y1'].map((name) => form.elements[name].value.trim().replace(',', '.'));
  if (box.some((v) => v === '' || !Number.isFinite(Number(v)))) return complain(state.words.box_bad);
  trigger('frame', { box: box.map(Number) });
});

draw(props.value);
watch('value', () => draw(props.value));
