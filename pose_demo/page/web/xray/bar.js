// The slider, its scope and the joint, always in reach while one looks at maps: they move the page's own controls.
import { button, line, make, refill, select } from '../dom.js';
import { on, set, state } from '../store.js';
import { move } from '../stops.js';
import { say, speak, word } from '../words.js';
import { setUp } from './asked.js';
import { zooms } from './viewport.js';

/** The joints to choose from, in the visitor's language. @returns {[string, string][]} */
export const joints = () => state.joints.map((name) => [name, word('joint', name)]);

/** Another joint, everywhere on the page. @param {string} joint @param {import('../channel.js').Wire} wire */
export function choose(joint, wire) {
  set({ joint });
  wire.send('choose', { joint });
}

/** @param {HTMLElement} root @param {import('../channel.js').Wire} wire */
export function start(root, wire) {
  const stops = make('span', { class: 'bar-stops', role: 'radiogroup', 'data-label': 'xray.slider' });
  const scope = make('span'), joint = make('span'), own = make('span');
  const busy = make('span', { class: 'bar-busy', role: 'status', hidden: '' });
  const named = (/** @type {string} */ key, /** @type {Node} */ node) =>
    make('label', {}, make('span', { class: 'bar-word', 'data-word': key }), ' ', node);
  const node = make('div', { class: 'xray-sticky', hidden: '' },
    make('h2', { class: 'section', id: 'xray-title', tabindex: '-1', 'data-word': 'xray.title' }),
    make('span', { class: 'bar-word', 'data-word': 'xray.slider' }), stops, named('xray.scope', scope),
    named('xray.own', own), named('xray.joint_label', joint), busy, make('span', 'grow'), zooms);
  root.append(node);
  new ResizeObserver(() => { // what is scrolled to stands below the bar, however many lines it has
    if (node.offsetHeight) document.documentElement.style.scrollPaddingTop = `${node.offsetHeight + 10}px`;
  }).observe(node);
  speak(node);
  const wait = () => line(busy, '…');

  on(['key', 'joint', 'language'], () => refill(node, fill));
  on(['work'], () => { if (state.work === 'none') refill(node, fill); }); // what was asked for is not to come

  function fill() {
    if (!state.key) return;
    node.hidden = false;
    line(busy);
    stops.replaceChildren(...state.stops.map((stop, k) => {
      const trained = state.trained[stop];
      const each = button(word('stop', stop), () => {
        if (stop !== state.stop) wait();
        move(k);
      }, { role: 'radio', 'aria-checked': stop === state.stop, 'data-stop': stop,
        title: trained ? say('xray.trained_mark', { networks: trained.join(', ') }) : '' });
      if (trained) each.append(make('span', 'mark', '▲'));
      return each;
    }));
    scope.replaceChildren(select([[null, say('xray.everywhere')],
      ...state.scopes.map((part) => /** @type {[string, string]} */ ([part, say('xray.only', { part })]))],
    state.scope, (to) => {
      wait();
      setUp(wire, { scope: to ?? '' });
    }, { class: 'scope' }));
    own.replaceChildren(select([[null, say('xray.as_left')],
      ...state.stops.map((stop) => /** @type {[string, string]} */ ([stop, word('stop', stop)]))], state.own, (to) => {
      wait();
      setUp(wire, { own: to });
    }, { class: 'own' }));
    joint.replaceChildren(select(joints(), state.joint, (to) => choose(to ?? '', wire), { class: 'bar-joint' }));
  }
}
