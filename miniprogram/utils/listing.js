// A long list, page by page.

const SIZE = 20
/** The server gives no more at a time. */
const SIZE_MAX = 100

/**
 * @typedef {(page: number, size: number) => Promise<{items: any[], total: number}>} Fetch
 */

/**
 * As many rows as are shown now, anew, so that a list that is refreshed does not jump.
 * @param {Fetch} fetch
 * @param {number} shown
 */
async function reload(fetch, shown) {
  const want = Math.max(SIZE, Math.ceil(shown / SIZE) * SIZE)
  const size = Math.min(want, SIZE_MAX)
  /** @type {any[]} */
  let items = []
  for (let page = 1; ; page += 1) {
    const { items: rows, total } = await fetch(page, size)
    items = joined(items, rows)
    if (items.length >= want || rows.length < size) return { items, total, more: items.length < total && rows.length > 0 }
  }
}

/**
 * The rows after those that are there.
 * @param {Fetch} fetch
 * @param {any[]} items
 */
async function next(fetch, items) {
  const page = Math.floor(items.length / SIZE) + 1
  const { items: rows, total } = await fetch(page, SIZE)
  const all = joined(items, rows)
  return { items: all, total, more: all.length > items.length && all.length < total }
}

/** Rows move between pages while one reads; each stands there once. @param {any[]} items @param {any[]} rows */
function joined(items, rows) {
  const known = new Set(items.map((item) => item.id))
  return items.concat(rows.filter((row) => !known.has(row.id)))
}

/**
 * The rows that are shown, and those that are on their way after them: nobody asks for these again.
 * @param {any} page
 */
function wanted(page) {
  const shown = page.rows ? page.rows.length : 0
  return shown > 0 && page.fetchingFor ? shown + SIZE : shown
}

/**
 * What a page with a list has: `fetchRows` and `rowView` are its own.
 * @param {any} page
 */
async function first(page) {
  const mine = page.loads
  let want
  let answer
  do {
    want = wanted(page)
    answer = await reload((number, size) => page.fetchRows(number, size), want)
    // Who scrolls on meanwhile must not lose what they have reached.
  } while (page.loads === mine && wanted(page) > want)
  const { items, total, more } = answer
  // Another load has begun since, of another day or for somebody else: the rows are its own.
  if (page.loads === mine) page.rows = items
  return { items: items.map((item) => page.rowView(item)), total, more }
}

/**
 * The next rows, unless the list has become another one while they were on their way.
 * @param {any} page
 */
async function onward(page) {
  const mine = page.loads
  if (!page.data.more || page.fetchingFor === mine) return
  const from = page.rows
  const isCurrent = () => page.loads === mine && page.rows === from
  page.fetchingFor = mine
  page.show({ loadingMore: true })
  try {
    const { items, total, more } = await next((number, size) => page.fetchRows(number, size), from)
    if (isCurrent()) {
      page.rows = items
      page.show({ items: items.map((item) => page.rowView(item)), total, more, problem: '' })
    }
  } catch (error) {
    if (isCurrent()) page.show({ problem: require('./texts').explain(error).title })
  }
  if (page.fetchingFor !== mine) return
  page.fetchingFor = 0
  page.show({ loadingMore: false })
}

/**
 * What is told of a class is shown in its row, if it has one.
 * @param {any} page
 * @param {string} topic
 * @param {{data: any}} state
 */
function patchRow(page, topic, { data }) {
  const index = page.rows.findIndex((/** @type {any} */ row) => `schedule:${row.id}` === topic)
  if (index < 0) return
  page.rows[index] = { ...page.rows[index], ...data }
  page.show({ [`items[${index}]`]: page.rowView(page.rows[index]) })
}

module.exports = { reload, next, first, onward, patchRow }
