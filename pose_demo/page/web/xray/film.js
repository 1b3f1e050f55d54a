// The filmstrip: a joint's heatmap at every moment of both networks, and the way of its peak over the photo.
import { canvas, legend } from '../colour.js';
import { line, link, make, refill, select } from '../dom.js';
import { state } from '../store.js';
import { number, say } from '../words.js';
import { choose, joints } from './bar.js';
import { card, strip, trouble, whenSeen } from './part.js';

/** @typedef {import('../schema').Film} Film */
/** @typedef {import('../schema').FilmSide} Side */

/** @param {HTMLElement} root @param {import('./part.js').Wire} wire */
export function start(root, wire) {
  let all = false;
  const chooser = make('label', 'foot'), strips = make('div', 'strips2'), mirrored = make('p', 'foot mirrored');
  const { node, heading } = card(root, 'film', chooser);
  node.append(strips, mirrored);

  async function load() {
    const answer = await wire.ask('film', { joint: all ? '*' : state.joint });
    if (!answer || trouble(strips, answer)) return;
    heading.textContent = say('xray.film', answer);
    const choice = select([['*', say('joint.*')], ...joints()], all ? '*' : state.joint, (to) => {
      all = to === '*';
      if (all) load();
      else choose(to ?? '', wire);
    }, { class: 'film-joint', 'aria-label': say('xray.joint_label') });
    refill(chooser, () => chooser.replaceChildren(choice));
    line(mirrored, state.flip ? say('xray.flip_note') : '');
    strips.replaceChildren(...answer.sides.map((side, k) => strip(side, k, () => [
      make('div', 'frames', ...side.frames.map((frame, n) => still(frame, k, n)),
        ...(side.path.filter(Boolean).length > 1 ? [path(side, answer)] : [])),
      legend(0, answer.top),
      make('p', 'foot', say(side.note), side.clipped ? ` ${say('xray.clipped', answer)}` : '')])));
  }

  /** @param {import('../schema').Still} frame @param {number} side @param {number} n */
  function still(frame, side, n) {
    const foot = say(frame.peak === null ? 'xray.silent' : 'xray.frame_foot', frame);
    const probe = frame.kind === 'probe' ? ' probe' : '';
    const surface = link(say('xray.surface'),
      () => wire.send('surface', { key: state.key, side, frame: n, joint: all ? '*' : state.joint }));
    return make('figure', `still${probe}`, canvas(frame.map, { label: `${frame.name}: ${foot}` }),
      make('figcaption', {}, make('b', {}, frame.name), ' ', make('span', `tag${probe}`, say(`xray.${frame.kind}`)),
        make('br'), foot, make('br'), surface));
  }
  whenSeen(node, ['joint'], load);
}

/** @param {Side} side @param {Film} answer */
function path(side, { size: [width, height] }) {
  const unit = Math.max(width, height) / 130, points = side.path.filter(Boolean).map(String).join(' ');
  const dots = side.path.map((at, k) => at && `<circle cx="${at[0]}" cy="${at[1]}" r="${unit * (0.9 +
    (1.6 * k) / side.path.length)}"><title>${k + 1}</title></circle>`).join('');
  const stroke = (/** @type {number} */ wide, /** @type {string} */ name) =>
    `<polyline points="${points}" stroke-width="${number(unit * wide, '.3f')}" class="${name}"/>`;
  const node = make('div', { class: 'walk', style: `aspect-ratio:${width}/${height}` },
    make('img', { src: state.photos.at(-1)?.src, alt: '' }));
  node.insertAdjacentHTML('beforeend', `<svg viewBox="0 0 ${width} ${height}" role="img"
    aria-label="${say('xray.path')}">${stroke(1.7, 'under')}${stroke(0.8, 'over')}${dots}</svg>`);
  return make('figure', 'still path', node, make('figcaption', {}, say('xray.path')));
}
