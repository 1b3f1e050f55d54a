// What the parts of the X-ray share. Each part's script begins with this file.
const $ = (selector) => element.querySelector(selector);
const make = PoseDemo.make;
const fill = PoseDemo.fill;
const xray = window.PoseXray ||= { target: new EventTarget(), state: {}, images: new Map() };
let last = { n: -1 };

// Tells the other parts; hears them.
function tell(name, detail = {}) { xray.target.dispatchEvent(new CustomEvent(name, { detail })); }
function hear(name, react) { xray.target.addEventListener(name, (event) => { if (element.isConnected) react(event.detail); }); }

// One question at a time for each kind of answer: an older one that comes late is dropped (null).
const asked = {};
async function ask(view, question = {}) {
  const mine = asked[view] = (asked[view] || 0) + 1;
  const { key, language } = xray.state;
  let answer;
  try {
    answer = await server.ask({ key, language, view, joint: xray.joint, ...question });
  } catch {
    answer = { error: words().failed };
  }
  return mine === asked[view] && key === xray.state.key ? answer : null;
}

function words() { return xray.state.words || props.value.words; }

// Viridis, and blue-white-orange for what has a sign: as draw/colour.py has them.
const VIRIDIS = ['440154', '482475', '414487', '355f8d', '2a788e', '21918c', '22a884', '44bf70', '7ad151', 'bddf26', 'fde725'];
const DIVERGING = ['00549f', '56b4e9', 'f7f7f7', 'e69f00', 'b24300'];
function ramp(stops) {
  const ends = stops.map((hex) => [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16)));
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (ends.length - 1), k = Math.min(ends.length - 2, Math.floor(at)), t = at - k;
    return ends[k].map((v, c) => Math.round(v + (ends[k + 1][c] - v) * t));
  });
}
const RAMPS = { viridis: ramp(VIRIDIS), diverging: ramp(DIVERGING) };

function numbers(map) {
  if (!map.values) {
    const bytes = Uint8Array.from(atob(map.data), (c) => c.charCodeAt(0));
    map.values = new Float32Array(bytes.buffer);
  }
  return map.values;
}

// A map as a canvas whose cells tell their values. options: diverging, label, say (a node that gets the value)
function canvas(map, options = {}) {
  const node = make('canvas', { width: map.w, height: map.h, class: 'map', role: 'img', 'aria-label': options.label || '' });
  const values = numbers(map), colours = RAMPS[options.diverging ? 'diverging' : 'viridis'];
  const context = node.getContext('2d'), picture = context.createImageData(map.w, map.h);
  const factor = map.high > map.low ? 255 / (map.high - map.low) : 0;
  for (let i = 0; i < values.length; i++) {
    const level = Math.max(0, Math.min(255, Math.round((values[i] - map.low) * factor)));
    picture.data.set([...colours[level], options.clear ? Math.min(235, 20 + 2 * level) : 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
  node.style.aspectRatio = map.w / map.h;
  const value = (event) => {
    const box = node.getBoundingClientRect();
    const x = Math.min(map.w - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * map.w)));
    const y = Math.min(map.h - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * map.h)));
    const text = `x ${x}, y ${y}: ${values[y * map.w + x].toPrecision(4)}`;
    node.title = text;
    if (options.say) options.say.textContent = text;
  };
  node.addEventListener('pointermove', value);
  return node;
}

// The colour range of what stands above it.
function legend(low, high, diverging) {
  const short = (v) => (v === 0 ? '0' : Number(v).toPrecision(2).replace('e-', 'e−'));
  return make('div', { class: 'range' }, make('span', {}, short(low)), make('i', { class: diverging ? 'diverging' : null }), make('span', {}, short(high)));
}

function figure(map, caption, options = {}) {
  return make('figure', { class: options.class || null }, canvas(map, { label: caption, ...options }), make('figcaption', {}, caption));
}

// Loads what belongs to a new shot, joint or ... when it comes into view, and not before.
function whenSeen(load, ...events) {
  let stale = false;
  const seen = new IntersectionObserver((entries) => { if (stale && entries.some((entry) => entry.isIntersecting)) { stale = false; load(); } }, { rootMargin: '300px' });
  seen.observe(element);
  const due = () => {
    element.firstElementChild.hidden = false;
    stale = true;
    const box = element.getBoundingClientRect();
    if (box.top < innerHeight + 300 && box.bottom > -300) { stale = false; load(); }
  };
  for (const event of events) hear(event, due);
  if (xray.state.key) due();
}

function trouble(node, answer) {
  if (!answer?.error) return false;
  node.replaceChildren(make('p', { class: 'xray-error', role: 'alert' }, answer.error));
  return true;
}

function follow(draw) {
  const change = () => { if (props.value.n > last.n) { last = props.value; draw(props.value); } };
  change();
  watch('value', change);
}
