// What this browser keeps of the page. Where it forbids that, as in a frame of another site, it lasts as long as the
// page is open: reading or writing a store throws there, and nothing else may fail for it.

/** @typedef {() => Storage} Where the store is asked for as late as this, because asking may throw */

/** @type {Map<string, string>} */
const meanwhile = new Map();

/** @param {Where} where @param {string} name @returns {string | null} */
export function recall(where, name) {
  try {
    return where().getItem(name);
  } catch {
    return meanwhile.get(name) ?? null;
  }
}

/** @param {Where} where @param {string} name @param {string | null} value null: no longer */
export function retain(where, name, value) {
  try {
    if (value === null) where().removeItem(name);
    else where().setItem(name, value);
  } catch {
    if (value === null) meanwhile.delete(name);
    else meanwhile.set(name, value);
  }
}
