// Only what changed goes to the view: setData copies all it is given across two threads.

/** @param {any} value */
const isPlain = (value) => value !== null && typeof value === 'object'

/**
 * Paths and values that turn `current` into `next`, for setData. Keys that `next` does not name stay.
 * @param {any} next
 * @param {any} current
 */
function changes(next, current) {
  /** @type {Record<string, any>} */
  const patch = {}
  Object.keys(next).forEach((key) => compare(next[key], current ? current[key] : undefined, key, patch))
  return patch
}

/**
 * @param {any} next
 * @param {any} current
 * @param {string} path
 * @param {Record<string, any>} patch
 */
function compare(next, current, path, patch) {
  if (next === current) return
  // setData takes no undefined; what is not there is null.
  if (next === undefined) { if (current !== null) patch[path] = null; return }
  if (!isPlain(next) || !isPlain(current) || Array.isArray(next) !== Array.isArray(current)) { patch[path] = next; return }
  const keys = Object.keys(next)
  // Something taken away cannot be said by a path.
  if (Object.keys(current).some((key) => !(key in next))) { patch[path] = next; return }
  keys.forEach((key) => {
    compare(next[key], current[key], Array.isArray(next) ? `${path}[${key}]` : `${path}.${key}`, patch)
  })
}

module.exports = changes
