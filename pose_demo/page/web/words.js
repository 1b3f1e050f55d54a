// Words by key in the visitor's language; pose_demo/locales is where they stand, for Python too.
import { on, set, state } from './store.js';

/** @typedef {import('./schema').Said} Said */

/** @type {Record<string, Record<string, string>>} */
const tables = {};

/** Fetches a language and then speaks it. @param {string} language */
export async function learn(language) {
  tables[language] ||= await (await fetch(new URL(`./locales/${language}.json`, import.meta.url))).json();
  if (language !== state.language) set({ language });
}

/** For tests, and for words that are there already. @param {string} language @param {Record<string, string>} table */
export function know(language, table) {
  tables[language] = table;
}

const BLANK = /\{(\w+)(?::([^}]+))?\}/g;

/** One text, its blanks filled as locales/ says. @param {string} key @param {Record<string, any>} [values] */
export function say(key, values = {}) {
  const text = tables[state.language]?.[key];
  if (text === undefined) throw new Error(`no word for ${key}`);
  return text.replace(BLANK, (_, name, how) => {
    const value = values[name];
    if (!how) return plain(value);
    if (how[0] === '.') return number(value, how);
    return (Array.isArray(value) ? value : [value]).map((one) => word(how, one)).join(' / ');
  });
}

/** A value in a sentence: itself, what is said by a key, or a list of these. @param {any} value @returns {string} */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain).join(tables[state.language]?.comma ?? ', ');
  return value?.key ? tell(value) : String(value);
}

/** @param {Said | null | undefined} said */
export const tell = (said) => (said ? say(said.key, said.values) : '');

/** A network's title without data set and size, as Card.short has it. @param {string} title */
export const short = (title) => title.split(' (')[0];

/** `group.value`, or the value itself where nobody translated it. @param {string} group @param {string} value */
export const word = (group, value) => tables[state.language]?.[`${group}.${value}`] ?? value;

/** A drawing's label ("stage 2", "module1", "fed back", "stack1 down"): part by part, as locales.drawn does.
 * @param {string} label */
export function drawn(label) {
  const whole = tables[state.language]?.[`drawn.${label}`];
  if (whole) return whole;
  return /^[a-z]+ ?\d*( [a-z]+)?$/.test(label) ? label.replace(/([a-z]+) ?(\d*)/g, (all, name, digits) => {
    const text = word('drawn', name);
    return text === name ? all : `${text} ${digits}`.trim();
  }) : label;
}

/** A channel's name: of heatmaps the joint's. @param {number} channel @param {string[] | null} names */
export const channelName = (channel, names) =>
  (names ? word('joint', names[channel]) : say('xray.channel', { channel }));

/** A network's state beside its results. @param {{ trained: boolean, status: string }} side */
export const badge = (side) => (side.trained ? word('status', side.status) : say('page.untrained'));

/** As Python formats it: ".2f", ".3g", ".0e", ".0%"; a dash where there is none: no answer.
 * @param {number | null} value @param {string} how */
export function number(value, how) {
  if (value === null || Number.isNaN(value)) return '–';
  const digits = Number(how.slice(1, -1));
  if (how.endsWith('f')) return value.toFixed(digits);
  if (how.endsWith('%')) return `${(100 * value).toFixed(digits)}%`;
  const general = how.endsWith('g') && value !== 0;
  const power = general ? Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits))))) : 0;
  if (how.endsWith('g') && power >= -4 && power < digits) return String(Number(value.toPrecision(digits)));
  const text = general ? String(Number((value / 10 ** power).toPrecision(digits))) + `e${power < 0 ? '' : '+'}${power}`
    : value.toExponential(digits);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** Fills every data-word (text), data-label (aria-label) and data-hint (title), now and in every other language.
 * @param {HTMLElement} element */
export function speak(element) {
  const fill = () => {
    const all = (/** @type {string} */ name) =>
      /** @type {HTMLElement[]} */ ([...element.querySelectorAll(`[data-${name}]`)]);
    for (const node of all('word')) node.textContent = say(node.dataset.word ?? '');
    for (const node of all('label')) node.setAttribute('aria-label', say(node.dataset.label ?? ''));
    for (const node of all('hint')) node.title = say(node.dataset.hint ?? '');
  };
  fill();
  on(['language'], fill);
}
