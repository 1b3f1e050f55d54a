// All that the page's parts know in common. Nothing else is shared, and nothing of it hangs on `window`.

/**
 * language -- of the words; photos -- the newest last, as views may still show an older one
 * seen     -- what of the photo the skeletons lie on, and skeletons -- both as <svg>
 * framed   -- the box on an example as a link says it: null as the example has it, "none", or its corners
 * who      -- which of the people who were found, 1 where there is but one
 * apart    -- every cell in the colour of how much it differs between the sides; matters, gradient -- what is open
 * lost     -- parts of the link that opened the page, where only the browser knows that there is no such thing
 * joint    -- whose heatmaps and story are shown
 * key      -- names the comparison whose maps may be asked for, "" before the first
 * sides, networks, joints, stop, own, cuts, scope, scopes, trained, example, name -- what that comparison is, see
 *             page/schema.py
 * work     -- on: the networks look; drawing: their maps come next; drawn; none: an error, or there was nothing to do
 * pin, channel -- the cell that is open, and which of its channels (null: the first of the order, -1: the mean of all)
 * threshold -- from which score joints are shown
 * view     -- the open cell's tab
 * pixel    -- the place of the photo that is pinned in every map
 * against  -- the stop that an open cell is compared with, null: the trained one, or the next
 * costs    -- what was measured of this comparison
 * found_by -- by what people were found, null: by what ships
 * finder   -- what is said of the finder of people where that is looked into
 * @typedef {Omit<import('./schema').XrayPatch, 'ramps'> & {
 *   language: string, photos: import('./schema').Photo[], seen: import('./schema').Closeup | null, apart: boolean,
 *   skeletons: string[], work: 'on' | 'drawing' | 'drawn' | 'none', threshold: number, framed: string | null,
 *   who: number, matters: boolean, gradient: boolean, lost: string[],
 *   pin: import('./schema').Pin | null, channel: number | null, against: string | null,
 *   view: string | null, pixel: { x: number, y: number } | null }} State
 */

/** @type {State} */
export const state = {
  language: 'en', photos: [], seen: null, skeletons: [], work: 'on', threshold: 0.1, framed: null, who: 1, apart: false,
  matters: false, gradient: false, lost: [], joint: '', key: '', sides: [],
  networks: [],
  joints: [], stop: null, stops: [], own: null, cuts: [{}, {}], scope: '', scopes: [], trained: {}, example: null,
  pin: null, channel: null, pixel: null, against: null, view: null, decoder: 'argmax', flip: false, costs: null,
  found_by: null, finder: null, name: 'photo',
};

/** @type {{ names: (keyof State)[], react: () => void }[]} */
const listeners = [];

/** React to a change of any of these. @param {(keyof State)[]} names @param {() => void} react */
export function on(names, react) {
  listeners.push({ names, react });
}

/** Change some; whoever listens to one of them hears of it once. @param {Partial<State>} changes */
export function set(changes) {
  Object.assign(state, changes);
  for (const { names, react } of listeners) if (names.some((name) => name in changes)) react();
}
