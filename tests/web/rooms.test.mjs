// The rooms of the page on stand-ins for elements: the camera, a video that is not taken, and what is kept of a photo.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';

const load = (name) => import(new URL(name, new URL('../../pose_demo/page/web/', import.meta.url)));

/** An element: a part of it by its selector is one too; a canvas knows what was drawn into it last. */
class Part {
  parts = {}; hears = {}; dataset = {}; shows = ''; hidden = false; offsetParent = {}; textContent = '';
  classList = { add() {}, remove() {}, toggle() {} };
  style = { setProperty() {} };
  querySelector(name) { return (this.parts[name] ??= new Part()); }
  querySelectorAll(name) { return name.endsWith('figure') ? [0, 1, 2].map((k) => this.querySelector(name + k)) : []; }
  addEventListener(kind, react) { this.hears[kind] = react; }
  getContext() { return { drawImage: (from) => { this.shows = from.shows; } }; }
  toDataURL() { return `data:image/jpeg;base64,${this.shows}`; }
  toBlob(done) { done(new Blob([this.shows])); }
  requestVideoFrameCallback(react) { this.frame = react; }
  play() {}
}
for (const name of ['setAttribute', 'removeAttribute', 'toggleAttribute', 'replaceChildren', 'append', 'focus', 'load']) {
  Part.prototype[name] = () => {};
}
globalThis.document = Object.assign(new Part(), { createElement: () => new Part(),
  createElementNS: () => new Part(), querySelector: () => null, baseURI: 'http://here/' });
const kept = new Map();
globalThis.indexedDB = { open() {
  const opened = {}, changes = {};
  const asks = { put: (what, at) => kept.set(at, what), delete: (at) => kept.delete(at),
    get: (at) => ({ result: kept.get(at) }) };
  opened.result = { transaction: () => Object.assign(changes, { objectStore: () => asks }) };
  queueMicrotask(() => {
    opened.onsuccess();
    changes.oncomplete();
  });
  return opened;
} };
globalThis.IDBKeyRange = { upperBound: () => 'older' };
globalThis.location = { href: 'http://here/', origin: 'http://here', pathname: '/', search: '', reload() {} };
globalThis.history = { replaceState() {} };

const words = await load('words.js');
words.know('en', JSON.parse(readFileSync(new URL('../../pose_demo/locales/en.json', import.meta.url), 'utf8')));
const { open } = await load('channel.js'), { set, state } = await load('store.js');
set({ work: 'none' }); // nothing is awaited

/** What the browser asks its visitor about the camera, unanswered. */
const asked = [];
class Stream {
  on = true;
  getVideoTracks() { return [{ addEventListener() {} }]; }
  getTracks() { return [{ stop: () => { this.on = false; } }]; }
}
Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices: {
  getUserMedia: () => new Promise((allow) => { asked.push(allow); }) } } });
const settled = () => new Promise((done) => { setImmediate(done); });
/** Allowed, in the order in which it was asked for; gives back the streams. */
async function allowed() {
  const streams = asked.splice(0).map((allow) => {
    const stream = new Stream();
    allow(stream);
    return stream;
  });
  await settled();
  return streams.map((stream) => stream.on);
}

const answers = [], photos = [], sends = [];
const server = { ask: () => new Promise((answer) => { answers.push((given) => answer(JSON.stringify(given))); }) };
async function room(module) {
  const element = new Part();
  const hear = await open((await load(module)).start, { element, server, trigger: (...sent) => sends.push(sent) });
  return { hear: (patch) => hear(JSON.stringify(patch)), $: (name) => element.querySelector(name),
    click: (name) => element.querySelector(name).hears.click() };
}
globalThis.fetch = async (_, { body }) => {
  const [file] = body.getAll('files');
  photos.push(await file.text());
  return status === 200 ? { ok: true, json: async () => [file.name] } : { ok: false, status };
};
let status = 200;
const photo = await room('photo.js');
photo.hear({ n: 1, megabytes: 30 });

test('a camera that was asked for twice, or for which a photo came meanwhile, is on once or not at all', async () => {
  const live = await room('live.js');
  live.click('.go');
  live.click('.go');
  assert.deepEqual(await allowed(), [false, true]);
  live.click('.halt');
  photo.click('.camera');
  photo.click('.camera');
  assert.deepEqual(await allowed(), [false, true]);
  photo.click('.stop');
  photo.click('.camera');
  (await load('photo.js')).first(() => 1); // as an example does
  photo.hear({ n: 2, asked: 1, error: null });
  set({ work: 'none' });
  assert.deepEqual(await allowed(), [false]);
  assert.ok(!photo.$('.upload').hidden && photo.$('video').hidden, 'the photo is seen, and can be chosen');
});

test('freeze takes the frame that is seen, not the one that is looked at', async () => {
  const live = await room('live.js'), video = live.$('video');
  const frame = async (shows) => {
    Object.assign(video, { shows, videoWidth: 8, videoHeight: 8 });
    video.frame(0, { presentedFrames: 1 });
    await settled();
  };
  live.click('.go');
  await allowed();
  await frame('seen');
  answers.pop()({ skeletons: ['', ''], people: 1, map: null, seconds: 0.1 });
  await settled();
  await frame('newer');
  await live.click('.freeze');
  await settled();
  assert.deepEqual(photos, ['seen']);
  photo.hear({ n: 3, asked: sends.at(-1)[1].n, error: null });
  set({ work: 'none' });
});

test('of photos the newest\'s answer counts, and each is kept as it was given', async () => {
  const { again } = await load('again.js');
  const give = async (...names) => {
    for (const name of names) {
      photo.$('.file').files = [new File([name], name)];
      photo.$('.file').hears.change();
      for (let k = 0; k < 3; k += 1) await settled();
    }
  };
  const last = () => sends.at(-1)[1].n, says = (name) => photo.$(name).hidden ? '' : photo.$(name).textContent;
  const shown = { number: 1, src: '', width: 9, height: 9, whole: null };
  set({ key: 'mine' });
  mock.timers.enable({ apis: ['setTimeout'] });
  await give('worse.png', 'good.png', 'bad.png');
  photo.hear({ n: 11, asked: last() - 2, error: { key: 'page.failed' } });
  assert.deepEqual([says('.photo-error'), says('.wait')], ['', words.say('page.reading')], 'the newer one is awaited');
  photo.hear({ n: 12, asked: last() - 1, error: null, photo: shown });
  assert.equal(says('.wait'), words.say('page.reading'));
  photo.hear({ n: 13, asked: last(), error: { key: 'page.failed' } });
  assert.deepEqual([says('.photo-error'), says('.wait')], [words.say('page.failed'), '']);
  const keeps = async () => {
    await again();
    return [...kept.values()].at(-1).file.name;
  };
  assert.equal(await keeps(), 'good.png', 'what is shown');
  await give('new.png');
  photo.hear({ n: 14, asked: last(), error: { key: 'page.expired' } });
  await settled();
  assert.equal(await keeps(), 'new.png', 'what was given last, where the app had let go of the page');
  await give('deaf.png');
  for (let k = 0; k < 65; k += 1) mock.timers.tick(1000);
  assert.deepEqual([says('.photo-error'), says('.wait')], [words.say('page.unheard', { name: 'deaf.png' }), '']);
  assert.equal(state.work, 'none');
  status = 507;
  await give('full.png');
  assert.equal(says('.photo-error'), `full.png: ${words.say('page.disk_full')}`);
  status = 500;
  await give('broken.png');
  assert.match(says('.photo-error'), /^broken\.png: The photo could not be uploaded.*30 MB/);
  status = 200;
  mock.timers.tick(3_600_000);
  await settled();
  mock.timers.reset();
});

test('a frame from before Stop is waited for after Start', async () => {
  const live = await room('live.js');
  live.click('.go');
  await allowed();
  live.$('video').frame(0, { presentedFrames: 1 });
  await settled();
  mock.timers.enable({ apis: ['setTimeout'] });
  answers.pop()({ error: { key: 'live.busy' } });
  await settled();
  delete live.$('video').frame;
  assert.ok(live.$('.go').hidden && live.$('.photo-error').textContent === '', 'it goes on');
  mock.timers.tick(200);
  mock.timers.reset();
  live.$('video').frame(0, { presentedFrames: 2 });
  await settled();
  answers.pop()({ skeletons: ['', ''], people: 1, map: null, seconds: 0.1 });
  await settled();
  assert.equal(live.$('.speed').dataset.looked, 1);
  live.click('.halt');
});

test('a video of which nothing is heard can be sent again, and one that is heard late goes on', async () => {
  const tab = await room('video.js');
  tab.hear({ n: 1, megabytes: 200 });
  mock.timers.enable({ apis: ['setTimeout'] });
  tab.$('.file').files = [new File(['film'], 'film.mp4')];
  tab.$('.file').hears.change();
  await settled();
  await settled();
  assert.ok(sends.at(-1)[0] === 'video' && tab.$('.go').disabled && !tab.$('.cancel').hidden);
  mock.timers.tick(30_000);
  assert.ok(!tab.$('.go').disabled && tab.$('.cancel').hidden);
  assert.equal(tab.$('.photo-error').textContent, words.say('page.unheard', { name: 'film.mp4' }));
  tab.hear({ n: 2, busy: { key: 'page.waiting' }, far: null, error: null });
  assert.ok(tab.$('.go').disabled && !tab.$('.cancel').hidden);
  mock.timers.tick(30_000);
  assert.equal(tab.$('.photo-error').textContent, '');
  tab.$('.file').files = [new File(['film'], 'other.mp4')];
  tab.$('.file').hears.change();
  assert.equal(tab.$('.photo-error').textContent, words.say('video.working', { name: 'other.mp4' }));
  tab.hear({ n: 3, busy: null, far: null });
  assert.ok(!tab.$('.go').disabled);
  mock.timers.reset();
});

test('a photo that waits for the app is kept for an hour while the page is open', async () => {
  const { again, remember } = await load('again.js');
  await remember(() => ({ file: null, example: null, box: null, who: 1 }), () => {});
  set({ key: 'mine' });
  mock.timers.enable({ apis: ['setTimeout'] });
  await again();
  assert.equal(kept.size, 1);
  mock.timers.tick(3_599_000);
  await settled();
  assert.equal(kept.size, 1);
  mock.timers.tick(1_000);
  await settled();
  assert.equal(kept.size, 0);
  mock.timers.reset();
});
