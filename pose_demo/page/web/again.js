// The app was started anew under an open page, or let go of it: the page loads again as it was set, and sends its
// photo again. Between the two that photo lies in the browser's own store: for an hour while the page is open; where it
// was closed meanwhile until its address is opened again.
import { line, make } from './dom.js';
import { recall, retain } from './kept.js';
import { follow } from './link.js';
import { on, state } from './store.js';
import { say } from './words.js';

/** What no address tells. file -- null: an example. @typedef {{ file: File | null, example: string | null,
 *   box?: number[] | null, who: number }} Sent */

const KEY = 'again', EVERY = 3000, HOUR = 3600000, LEAST = 20000;
/** @type {() => Sent | null} */
let sent = () => null;
let key = 0, said = '', expires = 0;

/** @template T @param {(store: IDBObjectStore) => IDBRequest<T>} ask @returns {Promise<T>} */
const stored = (ask) => new Promise((done, fail) => {
  const opened = indexedDB.open('pose-demo');
  opened.onupgradeneeded = () => opened.result.createObjectStore(KEY);
  opened.onerror = () => fail(opened.error);
  opened.onsuccess = () => {
    const changes = opened.result.transaction(KEY, 'readwrite'), asked = ask(changes.objectStore(KEY));
    changes.oncomplete = () => done(asked.result);
    changes.onabort = () => fail(changes.error);
  };
});

const forget = (/** @type {IDBValidKey | IDBKeyRange} */ old) => stored((store) => store.delete(old)).catch(() => {});

async function keep() {
  const mine = sent();
  if (!mine || !state.key) return;
  const address = new URL(follow());
  if (!state.example) address.searchParams.delete('example');
  history.replaceState(null, '', address);
  retain(() => sessionStorage, KEY, String(key ||= Date.now()));
  await stored((store) => store.put(mine, key)).catch(() => {}); // without it all but the photo comes back
  clearTimeout(expires);
  expires = setTimeout(forget, HOUR, key);
}

/** Loads the page again; not twice in a row, should that not help. */
export async function again() {
  if (said === 'page.again' && performance.now() < LEAST) return;
  await keep();
  location.reload();
}

/** @param {() => Sent | null} give what is shown now @param {(kept: Sent) => void} send sends what was shown before */
export async function remember(give, send) {
  sent = give;
  const mine = Number(recall(() => sessionStorage, KEY));
  retain(() => sessionStorage, KEY, null);
  const kept = mine && (await stored((store) => store.get(mine)).catch(() => null));
  for (const old of [mine, IDBKeyRange.upperBound(Date.now() - HOUR)]) forget(old);
  if (!kept) return;
  said = 'page.again';
  let waits = true;
  const go = () => { // the first comparison has taken all that the address tells
    if (waits && state.key) send(kept);
    waits &&= !state.key;
  };
  on(['key'], go);
  go();
}

/** Says so while the app does not answer. @param {HTMLElement} element */
export function start(element) {
  const note = make('p', { class: 'link-note', role: 'status', hidden: '' });
  element.prepend(note);
  const show = () => line(note, said && say(said));
  let app = '', here = true;
  addEventListener('pagehide', () => { here = false; });
  on(['language', 'key'], show);
  setInterval(async () => {
    const answer = await fetch(new URL('gradio_api/app_id', document.baseURI)).catch(() => null);
    const now = answer?.ok ? await answer.text() : '';
    if (!here) return;
    if (now && (said === 'page.lost' || (app && app !== now))) return again();
    app ||= now;
    if (now || said === 'page.lost') return;
    said = 'page.lost';
    show();
    await keep(); // Gradio loads the page itself where it missed an answer
  }, EVERY);
}
