// What a student's first page shows.

const api = require('../../utils/api')
const session = require('../../utils/session')
const clock = require('../../utils/clock')
const { bookingView } = require('../../utils/bookings')

/** Enough to fill the page; the calendar has them all. */
const CLASSES_MAX = 20
const PAGE_SIZE = 100

async function load() {
  const student = session.student()
  const studentId = student ? student.id : ''
  const [slots, upcoming] = await Promise.all([
    comingSlots(studentId),
    api.get('/bookings/mine/upcoming', { student_id: studentId, page_size: 1 }),
  ])
  const [next] = upcoming.items
  return { slots, next: next ? bookingView(next) : null }
}

/** Today's classes that are not over, from however far down the list. @param {string} studentId */
async function comingSlots(studentId) {
  /** @type {any[]} */
  let coming = []
  for (let page = 1; ; page += 1) {
    const { items, total } = await api.get('/slots', { student_id: studentId, page, page_size: PAGE_SIZE })
    const now = clock.now()
    coming = coming.concat(items.filter((/** @type {any} */ slot) => Date.parse(slot.starts_at) > now))
    if (coming.length >= CLASSES_MAX || items.length === 0 || page * PAGE_SIZE >= total) return coming.slice(0, CLASSES_MAX)
  }
}

module.exports = { load }
