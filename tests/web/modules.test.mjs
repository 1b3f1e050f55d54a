// What of the page needs no browser: words, the store, the channel, colours, the walk over a map, boxes, links.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';

const web = new URL('../../pose_demo/page/web/', import.meta.url);
const load = (name) => import(new URL(name, web));
const words = await load('words.js');
const { on, set, state } = await load('store.js');
for (const language of ['en', 'zh']) {
  const file = new URL(`../../locales/${language}.json`, web);
  words.know(language, JSON.parse(readFileSync(file, 'utf8')));
}

set({ work: 'none' }); // nothing is awaited

test('words are filled as Python fills them', () => {
  assert.equal(words.say('xray.zeros', { share: 0.123 }), '12% of all values are exactly 0');
  assert.equal(words.say('xray.side', { network: 'A', stops: ['nearest', 'bicubic'] }), 'A, nearest / bicubic');
  assert.equal(words.word('joint', 'third hand'), 'third hand');
  const inner = { key: 'xray.zeros', values: { share: 0.5 } };
  assert.match(words.say('label.has_no', { what: [inner, 7] }), /^has no 50% of all .*, 7$/);
  assert.throws(() => words.say('no.such'), /no word for no.such/);
  assert.deepEqual([['.2f', 0.5], ['.3g', 1234.5], ['.3g', 0.00001234], ['.0e', 1e-7], ['.1%', 0.1234]]
    .map(([how, value]) => words.number(value, how)), ['0.50', '1.23e+03', '1.23e-05', '1e-07', '12.3%']);
  assert.deepEqual([null, NaN].map((none) => words.number(none, '.1f')), ['–', '–']);
});

test('another language says the same key otherwise, and who listens hears of it', async () => {
  let heard = 0;
  on(['language'], () => { heard += 1; });
  await words.learn('zh');
  assert.match(words.tell({ key: 'xray.film', values: { joint: 'right wrist' } }), /右腕/);
  await words.learn('zh');
  assert.equal(heard, 1);
  await words.learn('en');
});

test('a change of several names is heard once', () => {
  let heard = 0;
  on(['pin', 'channel'], () => { heard += 1; });
  set({ pin: { side: 0, cell: 'stem' }, channel: 3 });
  set({ joint: 'nose' });
  assert.equal(heard, 1);
  assert.deepEqual([state.pin.cell, state.joint], ['stem', 'nose']);
});

test('an older patch changes only what no newer one changed, an older answer nothing', async () => {
  const { open } = await load('channel.js');
  const drawn = [], answers = [];
  let wire;
  const gradio = { server: { ask: (question) => new Promise((answer) => { answers.push([question, answer]); }) } };
  const hear = await open((element, given) => {
    wire = given;
    return (patch) => drawn.push(patch);
  }, gradio);
  for (const patch of [{ n: 0, photo: 'a', error: null }, { n: 3, error: null, who: 2 }, { n: 2, photo: 'b', who: 1 },
    { n: 1, photo: 'c', error: {} }, { n: 4, who: 3 }]) hear(JSON.stringify(patch));
  assert.deepEqual(drawn, [{ photo: 'a', error: null }, { error: null, who: 2 }, { photo: 'b' }, { who: 3 }]);
  set({ key: 'mine' });
  const first = wire.ask('film'), second = wire.ask('film', { joint: '*' }), other = wire.ask('story');
  answers.forEach(([question, answer]) => answer(JSON.stringify(question)));
  assert.equal(await first, null);
  assert.deepEqual(await second, { joint: '*', language: 'en', key: 'mine', view: 'film' });
  const late = wire.ask('beside');
  set({ key: 'newer' });
  answers.at(-1)[1]('{}');
  assert.equal(await late, null);
  assert.equal((await other).view, 'story');
});

test('while something is awaited and nothing comes the app is woken, and taken for deaf after a minute', async () => {
  const { expect, open, whenSilent } = await load('channel.js');
  const photo = {}, gradio = { trigger() {} };
  let woken = 0, unheard = 0, wire;
  whenSilent(() => { woken += 1; });
  mock.timers.enable({ apis: ['setTimeout'] });
  const hear = await open((_, given) => {
    wire = given;
    return () => {};
  }, gradio), after = (seconds) => {
    for (let k = 0; k < seconds; k += 1) mock.timers.tick(1000);
    return woken;
  };
  assert.equal(after(600), 0, 'nothing is awaited');
  expect(photo, true, () => {
    expect(photo, false);
    unheard += 1;
  });
  assert.equal(after(3), 0);
  hear('{"n":1}');
  assert.deepEqual([after(3), after(1), after(4), after(1)], [0, 1, 1, 2]);
  after(49);
  assert.equal(unheard, 0);
  after(10);
  assert.equal(unheard, 1);
  woken = 0;
  assert.equal(after(600), 0, 'it is awaited no longer');
  for (const [work, often] of [['on', 2], ['drawing', 2], ['drawn', 0], ['none', 0]]) {
    woken = 0;
    set({ work });
    assert.equal(after(10), often, work);
  }
  assert.equal(unheard, 1);
  for (const [event, work] of [['language', 'none'], ['setup', 'on']]) {
    wire.send(event, {});
    assert.equal(state.work, work);
  }
  set({ work: 'none' });
  mock.timers.reset();
});

test('a map has the colours that were sent, low ones clear where that is asked', async () => {
  const { numbers, paint, pixels } = await load('colour.js');
  const grey = Array.from({ length: 256 }, (_, k) => k.toString(16).padStart(2, '0').repeat(3)).join('');
  paint({ viridis: grey, diverging: grey });
  const data = Buffer.from(new Float32Array([0, 0.5, 1, 9]).buffer).toString('base64');
  const map = { h: 1, w: 4, low: 0, high: 1, data };
  assert.deepEqual([...numbers(map)], [0, 0.5, 1, 9]);
  assert.deepEqual([...pixels(map)].filter((_, k) => k % 4 !== 3 && k % 4 !== 2), [0, 0, 128, 128, 255, 255, 255, 255]);
  assert.deepEqual([...pixels(map, { clear: true })].filter((_, k) => k % 4 === 3), [20, 235, 235, 235]);
});

test('arrow keys walk to the nearest cell of the same row or column first', async () => {
  const { neighbour } = await load('dom.js');
  const places = [{ x: 0, y: 0 }, { x: 2, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 2 }];
  assert.equal(neighbour(places[0], places, [1, 0]), 1);
  assert.equal(neighbour(places[0], places, [0, 1]), 3);
  assert.equal(neighbour(places[0], places, [-1, 0]), -1);
});

test('a control that was filled anew is found by its class, or else by its data', async () => {
  const { likeness } = await load('dom.js');
  assert.deepEqual([[['plain', 'own'], { stop: 'a' }], [['plain'], { stop: 'a' }], [['plain'], {}]]
    .map(([classList, dataset]) => likeness({ classList, dataset })), [['.own', '[data-stop="a"]'], ['[data-stop="a"]'], []]);
});

test('labels that would cover one before them hide, and none gets smaller than it is', async () => {
  const { apart, grown } = await load('dom.js');
  const box = (left, top) => ({ left, top, right: left + 10, bottom: top + 10 });
  assert.deepEqual(apart([box(0, 0), box(5, 5), box(20, 0), box(11, 11)]), [true, false, true, true]);
  assert.deepEqual([0.25, 1, 1.2, 2.6].map(grown), [4, 1, 1, 0.5]);
});

test('a second cut of the same kind undoes the first, on its side alone', async () => {
  const { toggled } = await load('dom.js');
  const once = toggled([{}, { a: 'zero' }], 0, 'a->b', 'zero');
  assert.deepEqual(once, [{ 'a->b': 'zero' }, { a: 'zero' }]);
  assert.deepEqual(toggled(once, 0, 'a->b', 'flat')[0], { 'a->b': 'flat' });
  assert.deepEqual(toggled(once, 1, 'a', 'zero'), [{ 'a->b': 'zero' }, {}]);
});

test('a second cut adds to the first, though nothing of it is shown yet, until it is shown or refused', async () => {
  const { setUp, wanted } = await load('xray/asked.js');
  const sent = [], wire = { send: (_, data) => sent.push(data) }, cuts = (...places) => [{}, {}].map((_, k) =>
    (k ? {} : Object.fromEntries(places.map((place) => [place, 'zero']))));
  const ask = (place) => setUp(wire, { cuts: [{ ...wanted().cuts[0], [place]: 'zero' }, {}] });
  set({ networks: ['a', 'b'], scope: '', own: null, cuts: cuts() });
  ask('a');
  ask('b');
  setUp(wire, { own: 'bicubic' });
  assert.deepEqual(sent.at(-1), { scope: '', own: 'bicubic', cuts: cuts('a', 'b') });
  set({ key: '1', cuts: cuts('a'), own: 'bicubic' }); // the first is shown, the newest not yet
  assert.deepEqual(wanted(), sent.at(-1));
  set({ key: '2', cuts: cuts('a', 'b') });
  set({ own: null });
  assert.equal(wanted().own, null);
  for (const over of [{ work: 'none' }, { photos: [] }, { key: '3', networks: ['a', 'c'] },
    { key: '4', cuts: cuts('z') }]) {
    ask('c');
    assert.ok(wanted().cuts[0].c);
    set({ networks: ['a', 'b'] });
    set(over);
    assert.ok(!wanted().cuts[0].c, JSON.stringify(over));
  }
  set({ networks: ['a', 'b'], cuts: cuts() });
});

test('where no webcam can be had it is told whether the page\'s address is why', async () => {
  const { open } = await load('camera.js');
  for (const [secure, why] of [[false, 'page.webcam_insecure'], [true, 'page.webcam_none']]) {
    globalThis.navigator ??= {};
    globalThis.isSecureContext = secure;
    assert.deepEqual(await open({}, () => {}), { stream: null, problem: why });
    assert.ok(words.say(why));
  }
});

test('a box is drawn whichever way and typed with a comma', async () => {
  const { between, parse, under } = await load('box.js');
  assert.deepEqual([[5, 5], [1, 1], [9, 9]].map((place) => under([[0, 0, 8, 8], [4, 4, 6, 6]], place)), [1, 0, -1]);
  assert.deepEqual(between([5, 1], [2, 7]), [2, 1, 5, 7]);
  assert.deepEqual(parse(['1', ' 2,5', '3', '4']), [1, 2.5, 3, 4]);
  assert.equal(parse(['1', 'nine', '3', '4']), null);
  assert.equal(parse(['1', '', '3', '4']), null);
});

test('a link says what is shown and nothing of a photo of one\'s own', async () => {
  const { query } = await load('link.js');
  set({ networks: ['a', 'b'], stop: 'bicubic', joint: 'left knee', pin: { side: 1, cell: 'stem' }, channel: 0,
    example: null, scope: '' });
  set({ threshold: 0.35 });
  assert.equal(query().get('threshold'), '0.35');
  set({ threshold: 0.1 });
  assert.equal(query().toString(), 'left=a&right=b&upsampling=bicubic&joint=left+knee&cell=1%3Astem%3A0&example=own&lang=en');
});

test('a link keeps the box on an example, whom of its people, and what is open', async () => {
  const { query } = await load('link.js');
  const own = { framed: '1,2,30.5,40', who: 2, matters: true, gradient: true };
  set({ ...own, example: null, pin: null });
  assert.deepEqual(['box', 'who', 'matters', 'gradient'].map((name) => query().get(name)), [null, null, '1', '1']);
  set({ example: 'patio' });
  assert.deepEqual(['box', 'who'].map((name) => query().get(name)), ['1,2,30.5,40', '2']);
  set({ framed: null, who: 1, matters: false, gradient: false });
  assert.ok(!['box', 'who', 'matters', 'gradient'].some((name) => query().has(name)));
  set({ example: null });
});

test('a word of the glossary is found where it stands, and only whole', async () => {
  const { expression, places } = await load('glossary/linked.js');
  const found = (text, ...terms) => places(text, expression(terms)).map(({ from, to, term }) =>
    [text.slice(from, to), term]);
  assert.deepEqual(found('Branches meet: a branch, branch1, strides.', 'branches|branch', 'strides|stride'),
    [['Branches', 0], ['branch', 0], ['strides', 1]]);
  assert.deepEqual(found('PCKh, PCK@0.2 和热图的 PCK', '热图', 'PCK'), [['PCK', 1], ['热图', 0], ['PCK', 1]]);
});

test('a heatmap is shown by the last of its network', async () => {
  const { TERMS } = await load('glossary/terms.js'), { cells } = TERMS.find(({ id }) => id === 'heatmap');
  const [first] = cells.filter(([cell]) => [1, 2, 3, 4].some((stack) => cell === `stack${stack}.heatmaps`));
  assert.deepEqual([cells[0], first], [['heatmaps'], ['stack4.heatmaps']]);
});

test('equal shapes in a row are told once', async () => {
  const { told } = await load('xray/code.js');
  assert.equal(told([[1, 2], [1, 2], [3, 4]]), '2 × (1, 2), (3, 4)');
});

test('why a class cannot come is told by what the server listens on, and by the address', async () => {
  const { alone } = await load('tour/share.js');
  const why = [[true, 'localhost:7860'], [false, 'localhost:7860'], [false, '127.0.0.1'], [false, 'classroom.test']]
    .map(([local, host]) => alone(local, 'garden', host));
  assert.deepEqual(why, ['tour.share_alone', 'tour.share_here', 'tour.share_here', null]);
  assert.equal(alone(false, null, 'classroom.test'), 'tour.share_own');
});

test('a class gets a short link to the same step and settings, and never a photo', async () => {
  const { address } = await load('tour/share.js');
  set({ networks: ['a', 'b'], stop: 'nearest', example: 'garden', cuts: [{ stack1: 'zero' }, {}], pin: null,
    joint: 'left knee', decoder: 'dark' });
  const here = { origin: 'http://lab:7860', pathname: '/', search: '?tour=hrnet&step=fusion' };
  assert.equal(address(['a', 'b'], {}, here),
    `http://lab:7860/?tour=hrnet&step=fusion&lang=${state.language}&example=garden&cuts=0%3Azero%3Astack1`
      + '&joint=left+knee&decoder=dark');
  set({ stop: 'bilinear' });
  assert.match(address(['a', 'c'], {}, here), /upsampling=bilinear.*left=a&right=b$/);
  set({ found_by: 'ssdlite320-coco' });
  assert.match(address(['a', 'b'], {}, here), /finder=ssdlite320-coco/);
  const before = { networks: ['a', 'c'], stop: 'nearest', cuts: [{}, {}] }; // a step has put one beside itself, and cut
  assert.doesNotMatch(address(['a', 'c'], before, here), /cuts=|left=|upsampling=/);
});
