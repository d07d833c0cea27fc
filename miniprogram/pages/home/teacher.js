// What a teacher's first page shows.

const api = require('../../utils/api')
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
  const what = [booking.nickname, slot ? slot.course_name : '', time.moment(booking.starts_at)].filter(Boolean).join(' · ')
  return {
    key: booking.id,
    text: what,
    state: bookingStatus(booking),
    tone: booking.status === 'cancelled' ? 'hot' : booking.status === 'pending' ? 'held' : 'main',
  }
}

module.exports = { load, view, line }
