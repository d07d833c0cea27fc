// A value that can be watched.

/**
 * @template T
 * @param {T} initial
 */
module.exports = function signal(initial) {
  let value = initial
  /** @type {Set<(value: T) => void>} */
  const watchers = new Set()
  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      if (next === value) return
      value = next
      Array.from(watchers).forEach((watcher) => watcher(next))
    },
    /**
     * Calls with every later value; answers a function that ends it.
     * @param {(value: T) => void} watcher
     */
    watch(watcher) {
      // A watcher of its own, so that the same function may watch twice.
      /** @param {T} next */
      const own = (next) => watcher(next)
      watchers.add(own)
      return () => { watchers.delete(own) }
    },
  }
}
