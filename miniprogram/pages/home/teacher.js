// What a teacher's first page shows.

const api = require('../../utils/api')
const { route } = require('../../utils/http')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const { bookingStatus } = require('../../utils/texts')
const { classView } = require('../../utils/classes')

async function load() {
  const today = time.today()
  const { items } = await api.get('/schedules', { from: today, to: today, page_size: 100 })
  return { slots: items, next: null }
}

/** A class with how many come, which is what a teacher asks. @param {any} slot */
function view(slot) {
  const row = classView({ ...slot, mine: {} }, clock.now())
  const waiting = slot.waitlist && slot.waitlist.length > 0 ? `候补 ${slot.waitlist.length}` : ''
  const counted = `${slot.seats_taken}/${slot.capacity} 人`
  const closed = ['blocked', 'completed', 'revoked'].includes(slot.availability)
  return {
    ...row,
    where: slot.location || '',
    queue: waiting,
    badge: closed ? row.badge : counted,
    tone: closed ? 'plain' : slot.seats_offered > 0 ? 'hot' : slot.seats_left === 0 ? 'held' : 'main',
  }
}

/**
 * A line of what was just booked or cancelled.
 * @param {any} event
 * @param {Map<string, any>} slots
 */
function line(event, slots) {
  const booking = event.data
  const slot = slots.get(booking.schedule_id)
  const what = [slot ? slot.course_name : '', time.moment(booking.starts_at)].filter(Boolean).join(' · ')
  const row = {
    key: booking.id,
    scheduleId: booking.schedule_id,
    what,
    who: '',
    text: what,
    state: bookingStatus(booking),
    tone: booking.status === 'cancelled' ? 'hot' : booking.status === 'pending' ? 'held' : 'main',
  }
  return named(row, new Map([[booking.id, booking.nickname]]))
}

/**
 * The line with who it is about, once that is known.
 * @param {any} row
 * @param {Map<string, string>} names by booking
 */
function named(row, names) {
  const who = row.who || names.get(row.key) || ''
  return { ...row, who, text: [who, row.what].filter(Boolean).join(' · ') }
}

/** Who the lines are about that do not say it: an event has no names, a roster does. @param {any[]} feed */
async function namesOf(feed) {
  const ids = Array.from(new Set(feed.filter((row) => !row.who).map((row) => row.scheduleId)))
  const rosters = await Promise.all(ids.map((id) => api.get(route`/schedules/${id}/roster`)))
  /** @type {Map<string, string>} */
  const names = new Map()
  rosters.forEach(({ bookings }) => bookings.forEach((/** @type {any} */ booking) => names.set(booking.id, booking.nickname)))
  return names
}

module.exports = { load, view, line, named, namesOf }
