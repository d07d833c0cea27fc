// Who teaches a class, where, and what it costs. Lists of classes say so, the live state of one does not.

const api = require('./api')
const { route } = require('./http')
const time = require('./time')

const PAGE_SIZE = 100

/**
 * The class with what its row in the course's list says besides; as it is, when that has no such row.
 * @param {any} schedule
 */
async function withFacts(schedule) {
  if ('location' in schedule) return schedule
  const date = time.dateOf(schedule.starts_at)
  for (let page = 1; ; page += 1) {
    const { items, total } = await api.get(route`/courses/${schedule.course_id}/slots`, { from: date, to: date, page, page_size: PAGE_SIZE })
    const row = items.find((/** @type {any} */ slot) => slot.id === schedule.id)
    if (row) {
      const { teacher_name: teacher, location, final_price_fen: price } = row
      return { ...schedule, teacher_name: teacher, location, final_price_fen: price }
    }
    if (items.length === 0 || page * PAGE_SIZE >= total) return schedule
  }
}

module.exports = { withFacts }
