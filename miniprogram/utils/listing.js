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
 * What a page with a list has: `fetchRows` and `rowView` are its own.
 * @param {any} page
 */
async function first(page) {
  const { items, total, more } = await reload((number, size) => page.fetchRows(number, size), page.rows ? page.rows.length : 0)
  page.rows = items
  return { items: items.map((item) => page.rowView(item)), total, more }
}

/** @param {any} page */
async function onward(page) {
  if (!page.data.more || page.fetching) return
  page.fetching = true
  page.show({ loadingMore: true })
  try {
    const { items, total, more } = await next((number, size) => page.fetchRows(number, size), page.rows)
    page.rows = items
    page.show({ items: items.map((item) => page.rowView(item)), total, more, problem: '' })
  } catch (error) {
    page.show({ problem: require('./texts').explain(error).title })
  }
  page.fetching = false
  page.show({ loadingMore: false })
}

module.exports = { reload, next, first, onward }
