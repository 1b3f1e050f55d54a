// What a step of the lesson does to the live page, through the same functions as a hand, and how it is undone when one
// leaves the step. One thing after the other: what is undone is whole again before the next one begins.
import { toggled } from '../dom.js';
import { move } from '../stops.js';
import { on, set, state } from '../store.js';
import { short } from '../words.js';
import { setUp, wanted as setup } from '../xray/asked.js';
import { openOn } from '../xray/inspector.js';
import { open as openLayers, shut as shutLayers } from '../xray/layers.js';
import { arrowsInto, release, section } from '../xray/maps.js';

/** @typedef {import('./tour.js').Step} Step */
/** @typedef {() => unknown} Act */

/** Milliseconds that new maps may take. */
const PATIENCE = 20000;
/** What is looked at instead of the step's cell. @type {Record<string, (side: number) => string>} */
const SEEN = { film: () => '.film.card', beside: () => '.beside.card', gradient: () => '.gradient.card',
  play: (side) => `.map-card[data-side="${side}"]` };

/** Presses a button, a switch only where it is not as it shall be; whether it did.
 * @param {string} selector @param {boolean} [wanted] */
function press(selector, wanted) {
  const found = /** @type {HTMLElement | null} */ (document.querySelector(selector));
  if (!found || found.getAttribute('aria-pressed') === String(wanted)) return false;
  found.click();
  return true;
}

/** @param {import('../channel.js').Wire} wire */
export function laboratory(wire) {
  /** @type {Act[]} what undoes the experiment, the last first */
  const undo = [];
  /** @type {string[]} the skeletons before it */
  let before = [];
  /** @type {Partial<typeof state>} the page's settings before it */
  let was = {};
  /** @type {Promise<unknown>} */
  let queue = Promise.resolve();
  let key = state.key, arrived = () => {}; // what new maps set free
  /** @type {string[]} */
  let lit = [];

  const light = () => {
    for (const arrow of section.querySelectorAll('.told-of')) arrow.classList.remove('told-of');
    for (const cell of lit) for (const arrow of arrowsInto(cell)) arrow.classList.add('told-of');
  };
  on(['key', 'language'], () => {
    if (state.key !== key) arrived();
    key = state.key;
    if (lit.length) queueMicrotask(light); // once the maps are drawn
  });

  /** Does what brings new maps, and waits until the X-ray shows them. @param {Act} act */
  const changed = (act) => new Promise((done) => {
    const waits = setTimeout(done, PATIENCE);
    arrived = () => {
      clearTimeout(waits);
      arrived = () => {};
      done(null);
    };
    act();
  });
  /** @param {Act} act */
  const inTurn = (act) => (queue = queue.then(act).catch(console.error));

  /** In all places of both networks, whatever else is set up. @param {string} stop */
  async function slide(stop) {
    const { stop: back, scope, own } = state;
    if (scope || own) {
      undo.push(() => !state.scope && !state.own && changed(() => setUp(wire, { scope, own })));
      await changed(() => setUp(wire, { scope: '', own: null }));
    }
    if (back === stop) return;
    undo.push(() => back && state.stop === stop && changed(() => move(state.stops.indexOf(back))));
    await changed(() => move(state.stops.indexOf(stop)));
  }
  /** @param {number} side @param {string} place an arrow, "source->target" */
  async function cut(side, place) {
    const [from, to] = place.split('->');
    if (![...arrowsInto(to, side)].some((each) => each.dataset.from === from) || state.cuts[side][place]) return;
    const turn = () => changed(() => setUp(wire, { cuts: toggled(setup().cuts, side, place, 'zero') }));
    undo.push(() => state.cuts[side][place] === 'zero' && turn());
    await turn();
  }
  /** One network on both sides, as it was trained and with a stop. @param {number} side @param {string} stop */
  async function beside(side, stop) {
    const { networks, own, cuts, scope, apart } = state, now = state.stop ?? state.stops[0];
    const twice = [networks[side], networks[side]], { stops, trained } = state;
    const title = short(state.sides[side].title);
    const first = stops.find((each) => trained[each]?.includes(title)) ?? stops[0];
    if (networks[0] === networks[1]) return;
    undo.push(async () => {
      if (state.networks.join() !== twice.join()) return;
      set({ apart });
      await changed(() => wire.send('beside', { networks, stop: now, own, cuts }));
      if (scope) await changed(() => setUp(wire, { scope }));
    });
    set({ apart: true });
    await changed(() => wire.send('beside', { networks: twice, stop: first, own: stop, cuts: [{}, {}] }));
  }
  /** What is opened beside the cell. @param {Step} step @param {[number, string]} at */
  async function open({ open: what }, [side, cell]) {
    if (what === 'gradient') {
      if (press('.gradient-toggle', true)) undo.push(() => press('.gradient-toggle', false));
    } else if (what === 'layers') {
      await openLayers({ side, cell }, wire, false);
      undo.push(shutLayers);
    } else if (what === 'play') {
      press(`${SEEN.play(side)} .play`);
      undo.push(() => press('[data-play=end]'));
    }
    if (what && SEEN[what]) document.querySelector(SEEN[what](side))?.scrollIntoView({ block: 'start' });
  }

  /** @param {Step} step @param {(cells: string[]) => [number, string] | null} where a side that has one of these cells
   * @param {string} has @param {() => boolean} still whether somebody waits for it */
  async function run(step, where, has, still) {
    const first = where([has]);
    if (!still() || !first) return;
    const { networks, stop, own, cuts, scope, apart } = state;
    was = { networks, stop, own, cuts, scope, apart };
    before = [...state.skeletons];
    if (step.cut) await cut(first[0], step.cut);
    if (step.stop) await (step.open === 'beside' ? beside(first[0], step.stop) : slide(step.stop));
    const at = where(step.cell);
    if (!at || !still()) return;
    if (step.open && SEEN[step.open]) release();
    else openOn({ side: at[0], cell: at[1] }, step.view);
    lit = step.lit ?? [];
    light();
    await open(step, at);
  }
  async function leave() {
    lit = [];
    light();
    while (undo.length) await undo.pop()?.();
    before = [];
    was = {};
  }
  /** Pins a place of the photo in every map. @param {number[] | null | undefined} place */
  function pin(place) {
    if (!place) return;
    const { pixel } = state, mine = { x: place[0], y: place[1] };
    set({ pixel: mine });
    undo.push(() => state.pixel === mine && set({ pixel }));
  }

  return {
    changed, pin,
    /** @param {Parameters<typeof run>} asked */
    run: (...asked) => inTurn(() => run(...asked)),
    leave: () => inTurn(leave),
    /** The skeletons before the experiment. */
    before: () => before,
    settings: () => was,
  };
}

