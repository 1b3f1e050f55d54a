// The address of what is seen: all that the page is set to, never a photo of the visitor's own. page/link.py reads it.
// Once it was copied, or the page was opened by one, the address in the browser follows what changes.
import { on, set, state } from './store.js';

/** Parts that others write, and that stay. */
const OTHERS = ['tour', 'step', '__theme'];
/** The page's own threshold: session.py's. */
const LEAST = 0.1;
let follows = false;

/** The query of what is seen. @param {string} [tab] the page's @param {URLSearchParams} [here] the address now
 * @param {typeof state} [now] */
export function query(tab = 'photo', here = new URLSearchParams(), now = state) {
  if (now.finder) return here; // no link leads into it
  const { networks, stop, scope, joint, pin, channel, example, decoder, flip, against } = now;
  const cuts = now.cuts.flatMap((each, k) => Object.entries(each).map(([at, how]) => `${k}:${how}:${at}`)).join('|');
  const pixel = now.pixel && [now.pixel.x, now.pixel.y].map((v) => v.toFixed(1)).join(',');
  const cell = pin && [pin.side, pin.cell, ...(channel === null ? [] : [channel])].join(':');
  const parts = { left: networks[0], right: networks[1], upsampling: stop, own: now.own, cuts, scope,
    joint, cell, view: pin && now.view, against: pin && against, pixel, example: example ?? 'own',
    decoder: decoder === 'argmax' ? null : decoder, flip: flip ? '1' : null, finder: now.found_by,
    threshold: now.threshold === LEAST ? null : String(now.threshold), apart: now.apart ? '1' : null,
    matters: now.matters ? '1' : null, gradient: now.gradient ? '1' : null,
    box: example && now.framed, who: example && now.who > 1 ? String(now.who) : null,
    lang: now.language, tab: tab === 'photo' ? null : tab };
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) if (value) result.set(name, value);
  for (const name of OTHERS) if (here.has(name)) result.set(name, here.get(name) ?? '');
  return result;
}

/** The page's tab that is open. */
export const room = () =>
  document.querySelector('#rooms [role=tab][aria-selected=true]')?.getAttribute('data-tab-id') ?? 'photo';

/** Puts it into the address, from now on too; gives it back. */
export function follow() {
  follows = true;
  const found = query(room(), new URLSearchParams(location.search));
  const address = `${location.origin}${location.pathname}?${found}`;
  history.replaceState(null, '', address);
  return address;
}

/** What only the browser keeps, as the link that opened the page has it. */
export function start() {
  const opened = new URLSearchParams(location.search), at = opened.get('pixel')?.split(',').map(Number);
  const switched = (/** @type {string} */ name) => opened.get(name) === '1';
  set({ apart: switched('apart'), matters: switched('matters'), gradient: switched('gradient'),
    view: opened.get('view'), against: opened.get('against'),
    pixel: at?.length === 2 && at.every(Number.isFinite) ? { x: at[0], y: at[1] } : null });
  const tab = opened.get('tab');
  follows = opened.has('left');
  const select = () => /** @type {HTMLElement | null} */ (
    document.querySelector(`#rooms [role=tab][data-tab-id="${CSS.escape(tab ?? '')}"]`))?.click();
  let ready = false;
  on(['key', 'pin', 'channel', 'pixel', 'joint', 'language', 'against', 'apart', 'view',
    'threshold', 'framed', 'who', 'matters', 'gradient'], () => {
    if (!ready && state.key) {
      ready = true;
      if (!state.stops.includes(state.against ?? '')) state.against = null;
      if (tab) setTimeout(select, 300); // what is hidden before it was drawn once stays empty
    } else if (follows && ready) queueMicrotask(follow);
  });
  document.addEventListener('click', (event) => {
    if (follows && event.target instanceof Element && event.target.closest('#rooms [role=tab]')) setTimeout(follow, 50);
  });
}
