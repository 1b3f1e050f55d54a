// The person's box, drawn or typed. Pixel centres lie at whole numbers: a photo reaches from -0.5 to its width - 0.5.

/** @typedef {[number, number, number, number]} Box x0, y0, x1, y1 in pixels of the photo */
const NAMES = ['x0', 'y0', 'x1', 'y1'];

/** The box between two corners, whichever way it was drawn. @param {number[]} a @param {number[]} b @returns {Box} */
export const between = ([ax, ay], [bx, by]) =>
  [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];

/** Of the boxes that hold a place the smallest, by its index; -1 where none does. @param {number[][]} boxes
 * @param {number[]} place */
export function under(boxes, [x, y]) {
  const area = (/** @type {number} */ k) => (boxes[k][2] - boxes[k][0]) * (boxes[k][3] - boxes[k][1]);
  const held = [...boxes.keys()].filter((k) => boxes[k][0] <= x && x <= boxes[k][2] && boxes[k][1] <= y
    && y <= boxes[k][3]);
  return held.sort((a, b) => area(a) - area(b))[0] ?? -1;
}

/** Four numbers as they were typed, null where they are none. @param {string[]} typed */
export function parse(typed) {
  const box = typed.map((text) => text.trim().replace(',', '.'));
  return box.some((v) => v === '' || !Number.isFinite(Number(v))) ? null : box.map(Number);
}

/**
 * @param {HTMLElement} element @param {(box: number[] | null) => void} give
 * @param {() => boolean} may nothing else fills the frame @param {() => void} complain
 * @param {(place: number[]) => void} choose a place was clicked
 */
export function start(element, give, may, complain, choose) {
  const $ = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
  const frame = $('.frame'), picture = $('.picture'), overlay = $('svg.box'), form = $('form'), drawing = $('.draw');
  /** @type {Pick<import('./schema').PhotoPatch, 'photo' | 'box' | 'found'>} */
  let state = { photo: null, box: null, found: null };
  /** @type {number[] | null} */
  let corner = null;
  /** @type {Box | null} */
  let drawn = null;
  let given = false; // by the press that the next click ends

  function show(/** @type {typeof state} */ now) {
    state = now;
    paint(state.box || state.found, !state.box);
    $('.clear').disabled = !state.box;
  }
  function paint(/** @type {number[] | null} */ box, /** @type {boolean} */ dashed) {
    overlay.toggleAttribute('hidden', !box || !state.photo);
    if (!box || !state.photo) return;
    overlay.setAttribute('viewBox', `-0.5 -0.5 ${state.photo.width} ${state.photo.height}`);
    overlay.classList.toggle('dashed', dashed);
    const place = { x: box[0], y: box[1], width: Math.max(0, box[2] - box[0]), height: Math.max(0, box[3] - box[1]) };
    for (const rect of overlay.querySelectorAll('rect')) {
      for (const [name, value] of Object.entries(place)) rect.setAttribute(name, value);
    }
    NAMES.forEach((name, k) => {
      if (document.activeElement !== form.elements[name]) form.elements[name].value = box[k];
    });
  }
  function at(/** @type {MouseEvent} */ event) {
    const { left, top, width, height } = picture.getBoundingClientRect();
    const inside = (/** @type {number} */ value, /** @type {number} */ pixels) =>
      Math.round(10 * (Math.min(1, Math.max(0, value)) * pixels - 0.5)) / 10;
    return [inside((event.clientX - left) / width, state.photo?.width ?? 0),
      inside((event.clientY - top) / height, state.photo?.height ?? 0)];
  }
  function press(/** @type {boolean} */ on) {
    drawing.setAttribute('aria-pressed', String(on));
    frame.classList.toggle('drawing', on);
  }
  const pressed = () => drawing.getAttribute('aria-pressed') === 'true';

  frame.addEventListener('pointerdown', (/** @type {PointerEvent} */ event) => {
    given = false;
    if (!state.photo || !may() || event.button || (event.pointerType === 'touch' && !pressed())) return;
    event.preventDefault();
    frame.setPointerCapture(event.pointerId);
    corner = at(event);
    drawn = null;
  });
  frame.addEventListener('pointermove', (/** @type {PointerEvent} */ event) => {
    if (!corner) return;
    drawn = between(corner, at(event));
    paint(drawn, false);
  });
  frame.addEventListener('pointerup', () => {
    const least = Math.max(state.photo?.width ?? 0, state.photo?.height ?? 0) / 50;
    corner = null;
    if (drawn && drawn[2] - drawn[0] >= least && drawn[3] - drawn[1] >= least) {
      press(false);
      given = true;
      give(drawn);
    } else show(state);
  });
  frame.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    if (event.target === frame && state.photo && may() && !given) choose(at(event));
  });
  frame.addEventListener('pointercancel', () => {
    corner = null;
    show(state);
  });
  drawing.addEventListener('click', () => press(!pressed()));
  $('.clear').addEventListener('click', () => give(null));
  form.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const box = parse(NAMES.map((name) => form.elements[name].value));
    if (box) give(box);
    else complain();
  });
  return { show };
}
