// The X-ray on stand-ins for elements: what the strip says of a place, how far one walks, and a player without a stage.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const load = (name) => import(new URL(name, new URL('../../pose_demo/page/web/', import.meta.url)));

/** An element that holds what is put into it; whatever is looked for in it is not there. */
class Part {
  hears = {}; dataset = {}; classList = { add() {}, remove() {}, toggle() {} }; children = []; removed = false;
  style = { setProperty() {} };
  addEventListener(kind, react) { this.hears[kind] = react; }
  append(...nodes) { this.children.push(...nodes); }
  after(node) { node.removed = false; }
  remove() { this.removed = true; }
  querySelector() { return null; }
  querySelectorAll() { return []; }
  contains() { return false; }
  getBoundingClientRect() { return { top: 0, bottom: 0 }; }
}
for (const name of ['setAttribute', 'replaceChildren', 'insertBefore', 'toggleAttribute', 'scrollIntoView']) {
  Part.prototype[name] = () => {};
}
class Watcher {
  observe() {}
}
globalThis.document = Object.assign(new Part(), { createElement: () => new Part(), createElementNS: () => new Part() });
Object.assign(globalThis, { HTMLElement: Part, MutationObserver: Watcher, IntersectionObserver: Watcher,
  ResizeObserver: Watcher, CSS: { escape: String }, addEventListener() {}, scrollBy() {}, innerHeight: 700 });

const words = await load('words.js');
words.know('en', JSON.parse(readFileSync(new URL('../../pose_demo/locales/en.json', import.meta.url), 'utf8')));
const { set, state } = await load('store.js'), { section } = await load('xray/maps.js');
const settled = () => new Promise((done) => { setImmediate(done); });

const highest = Buffer.from(new Uint16Array([65535]).buffer).toString('base64');
const levels = (value) => ({ low: 0, high: value, data: highest });
const side = (value) => ({ crop: [0, 0, 8, 8], input: [8, 8], joints: ['nose', 'neck'],
  cells: { heatmaps: { h: 1, w: 1, energy: levels(1), channel: 0, own: levels(value), heatmaps: true } } });

test('what is said of a joint is its own, and asked for again where it did not come', async () => {
  const pixels = await load('xray/pixels.js'), root = new Part(), asked = [];
  pixels.start(root, { ask: () => new Promise((answer) => { asked.push(answer); }) });
  const said = () => root.children[0].children[0].textContent.split('  ·  ').at(-1);
  set({ key: 'a', joint: 'nose', sides: [] });
  asked[0]({ sides: [side(0.25), side(0.5)] });
  await settled();
  set({ pixel: { x: 1, y: 1 } });
  assert.equal(said(), 'nose: 0.25 | 0.50');
  set({ joint: 'neck' });
  assert.equal(said(), 'neck: – | –', 'the nose is no neck');
  asked[1]({ error: { key: 'xray.failed' } });
  await settled();
  set({ language: 'en' });
  assert.equal(asked.length, 3);
  asked[2]({ sides: [side(0.75), side(1)] });
  await settled();
  assert.equal(said(), 'neck: 0.75 | 1.00');
});

test('a walk ends at the edge of what the network sees', async () => {
  const { walked } = await load('xray/pixels.js'), at = { crop: [-10, 0, 70, 80], input: [32, 32] };
  assert.deepEqual(walked(at, { x: 30, y: 40 }, [1, 0]), { x: 40, y: 40 });
  assert.deepEqual([walked(at, { x: 66, y: 3 }, [1, 0]), walked(at, { x: -9, y: 1 }, [0, -1])],
    [{ x: 65, y: 5 }, { x: -5, y: 5 }]);
});

test('a player whose drawing is gone is gone too', async () => {
  const play = await load('xray/play.js'), card = new Part(), head = new Part(), shown = [];
  const step = { cell: 'stem', sources: ['input'], how: [], shape: [1], role: 'stem' };
  head.append = (...nodes) => shown.push(...nodes);
  head.after = (bar) => { shown.bar = Object.assign(bar, { removed: false }); };
  card.querySelector = () => head;
  section.querySelectorAll = (what) => (what === '.map-card' ? [card] : []);
  section.querySelector = (what) => (what.startsWith('.map-card') ? card : null);
  let answer = { steps: [step] };
  play.start(new Part(), { ask: async () => answer });
  section.querySelector = (what) => (what.startsWith('.map-card') ? card : new Part());
  set({ key: 'b', sides: [{ svg: '<svg>' }], language: 'en' });
  shown.at(-1).hears.click();
  await settled();
  assert.equal(shown.bar.removed, false);
  section.querySelector = (what) => (what.startsWith('.map-card') ? card : null);
  answer = { error: { key: 'xray.no_trace' } };
  set({ key: 'c', sides: [{ svg: '', why: 'xray.no_trace' }] });
  assert.equal(shown.bar.removed, true);
  await settled();
  assert.equal(state.key, 'c');
});

test('a picture is called after the photo as a file is', async () => {
  const { called } = await load('xray/take.js');
  set({ name: 'Füße 图 (1)', networks: ['a', 'b'], stop: 'nearest', joint: 'neck', cuts: [{ x: 'zero' }, {}] });
  assert.equal(called('film'), 'Füße-图-1-_a+b_nearest_1-cut_film_neck.png');
  assert.equal(called('map1'), 'Füße-图-1-_b_nearest_1-cut_drawing.png');
});
