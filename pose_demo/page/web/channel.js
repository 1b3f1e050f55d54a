// The browser's end of the wire to Python; page/schema.py is the other end, and declares what crosses it.
// Python sends patches of a component's state, numbered, each as one text; the browser triggers events, and asks the
// X-ray's questions.
import { again } from './again.js';
import { on, set, state } from './store.js';
import { learn } from './words.js';

/**
 * What a component may do: send one of its events, upload a file, ask for a view of the X-ray.
 * @typedef {object} Wire
 * @property {<E extends keyof import('./schema').Events>(event: E, data: Omit<import('./schema').Events[E], 'n'>)
 *   => number} send which gives back the event's number
 * @property {(file: File) => Promise<{ path: string }>} upload
 * @property {ReturnType<typeof asker>} ask
 */

/** Of the events, so that of two that overtook one another the newer stays; the page may be older than its session. */
let sent = Date.now();

/** Events after which the networks look. */
const LOOKS = new Set(['take', 'frame', 'person', 'network', 'own', 'setup', 'beside', 'pair_that_ships', 'anew']);

const FAILED = { error: { key: 'xray.failed' } };

/** Milliseconds without a word from the app while one is awaited, after which it is woken; between two times; and after
 * how many of these, about a minute, it has taken no notice. */
const SILENCE = 4000, EVERY = 5000, MOST = 12;

/** Who waits for the app, and what each does when it takes no notice. @type {Map<object, () => void>} */
const awaited = new Map();
let timer = 0, woken = 0, wake = () => {};

/** @type {(question: import('./schema').Question) => Promise<string>} */
let server = async () => JSON.stringify(FAILED);

/** How to wake the app: by an event that answers nothing. Gradio may close the stream of answers under an event that it
 * has just sent; what was told since then waits until another event opens a stream. @param {() => void} how */
export function whenSilent(how) {
  wake = how;
}

/** Somebody waits for the app from now on, or no longer. @param {object} who @param {boolean} waits
 * @param {() => void} unheard */
export function expect(who, waits, unheard = () => {}) {
  if (waits) awaited.set(who, unheard);
  else awaited.delete(who);
  listen();
}

const waits = () => awaited.size > 0 || state.work === 'on' || state.work === 'drawing';

function listen() {
  clearTimeout(timer);
  woken = 0;
  if (waits()) timer = setTimeout(call, SILENCE);
}

function call() {
  wake();
  woken += 1;
  timer = setTimeout(call, EVERY);
  if (woken === MOST) for (const unheard of [...awaited.values()]) unheard();
}
on(['work'], listen);

/**
 * Starts a component; gives back what takes its patches. One that comes late changes only what no newer one changed.
 * @param {(element: HTMLElement, wire: Wire) => (patch: any) => void} start
 * @param {{ element: HTMLElement, trigger: any, server: any }} gradio
 */
export async function open(start, gradio) {
  await learn(state.language);
  if (gradio.server?.ask) server = gradio.server.ask;
  /** @type {Wire['send']} */
  const send = (event, data) => {
    sent += 1;
    gradio.trigger(event, { ...data, n: sent });
    if (LOOKS.has(event)) set({ work: 'on' });
    return sent;
  };
  const draw = start(gradio.element, { send, upload, ask: asker() });
  /** @type {Record<string, number>} */
  const newest = {};
  listen();
  return (/** @type {string} */ value) => {
    /** @type {Record<string, any> & { n: number }} */
    const { n, ...changes } = JSON.parse(value);
    listen();
    const patch = Object.fromEntries(Object.entries(changes).filter(([name]) => n >= (newest[name] ?? -1)));
    const names = Object.keys(patch);
    if (!names.length) return;
    for (const name of names) newest[name] = n;
    draw(patch);
    if (patch.error?.key === 'page.expired') again();
  };
}

/** Not Gradio's own, which shows a failure in English in a window of its own. @type {Wire['upload']} */
async function upload(file) {
  const body = new FormData();
  body.append('files', file);
  const answer = await fetch(new URL('gradio_api/upload', document.baseURI), { method: 'POST', body });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return { path: (await answer.json())[0] };
}

/** Why a file did not get there. @param {unknown} problem of wire.upload @param {string} otherwise
 * @param {File} file @param {number} megabytes that one may have @returns {import('./schema').Said} */
export function refusal(problem, otherwise, { name }, megabytes) {
  const key = /HTTP 507\b/.test(String(problem)) ? 'page.disk_full' : otherwise;
  return { key: 'page.of_file', values: { name, what: { key, values: { megabytes } } } };
}

/**
 * Asks for a view of the X-ray. Each asker has one question at a time for a view: the answer is null where it asked
 * again meanwhile, or a newer comparison came.
 * @returns {<V extends keyof import('./schema').Answers>(view: V, question?: Partial<import('./schema').Question>)
 *   => Promise<(import('./schema').Answers[V] & { error?: import('./schema').Said }) | null>}
 */
export function asker() {
  /** @type {Record<string, number>} */
  const asked = {};
  return async (view, question = {}) => {
    const mine = (asked[view] = (asked[view] || 0) + 1);
    const { key, joint, language } = state;
    const answer = await server({ joint, language, ...question, key, view }).then(JSON.parse).catch(() => FAILED);
    if (key !== state.key) return null;
    if (answer.error?.key === 'xray.gone') again();
    return mine === asked[view] ? answer : null;
  };
}
