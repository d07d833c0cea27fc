// A booking as lists and pages show it.

const time = require('./time')
const session = require('./session')
const { bookingStatus, money } = require('./texts')

const TONES = /** @type {Record<string, string>} */ ({
  pending: 'held', confirmed: 'main', cancelled: 'plain', completed: 'plain', no_show: 'hot',
})

/** @param {any} booking */
function bookingView(booking) {
  const { login } = session.get()
  const several = Boolean(login && login.students.length > 1)
    const state = bookingStatus(booking)
  return {
    id: booking.id,
    scheduleId: booking.schedule_id,
    name: booking.course_name,
    when: time.span(booking.starts_at, booking.ends_at),
    day: time.dayName(time.dateOf(booking.starts_at)),
    starts: time.timeOf(booking.starts_at),
    ends: time.timeOf(booking.ends_at),
    where: [several ? booking.nickname : '', booking.teacher_name, booking.location].filter(Boolean).join(' · '),
    badge: state,
    tone: TONES[booking.status] || 'plain',
    price: booking.final_price_fen > 0 ? money(booking.final_price_fen) : '',
    queue: '',
    payBy: booking.payment_status === 'unpaid' && booking.status === 'pending' ? booking.pay_deadline : '',
  }
}

module.exports = { bookingView }
