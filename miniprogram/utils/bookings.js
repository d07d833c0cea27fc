// A booking as lists and pages show it.

const api = require('./api')
const { isApiError, route } = require('./http')
const time = require('./time')
const { withFacts } = require('./facts')
const session = require('./session')
const { bookingStatus, money } = require('./texts')

const TONES = /** @type {Record<string, string>} */ ({
  pending: 'held', confirmed: 'main', cancelled: 'plain', completed: 'plain', no_show: 'hot',
})

/** Names of classes, which never change. @type {Map<string, Promise<string>>} */
const names = new Map()
const NAMES_MAX = 500

/** @param {string} scheduleId */
function courseNameOf(scheduleId) {
  let name = names.get(scheduleId)
  if (!name) {
    if (names.size >= NAMES_MAX) names.clear()
    name = api.get(route`/schedules/${scheduleId}`).then((schedule) => schedule.course_name)
    names.set(scheduleId, name)
    name.catch(() => names.delete(scheduleId))
  }
  return name
}

/**
 * The bookings with the names of their courses, where the list itself has none. A name that cannot be had
 * is left away: the booking itself is there, and its page asks again.
 * @param {any[]} bookings
 */
function withNames(bookings) {
  return Promise.all(bookings.map(async (booking) => {
    if (booking.course_name) return booking
    try {
      return { ...booking, course_name: await courseNameOf(booking.schedule_id) }
    } catch (error) {
      if (!isApiError(error)) throw error
      return booking
    }
  }))
}

/** One booking with all that its class says. @param {any} booking */
async function withPlace(booking) {
  const { course_name: name, teacher_name: teacher, location } = await withFacts(await api.get(route`/schedules/${booking.schedule_id}`))
  return { ...booking, course_name: name, teacher_name: teacher, location }
}

/** @param {any} booking */
function bookingView(booking) {
  const { login } = session.get()
  const several = Boolean(login && login.students.length > 1)
  const nickname = booking.nickname || session.nicknameOf(booking.student_id)
  const state = bookingStatus(booking)
  return {
    id: booking.id,
    scheduleId: booking.schedule_id,
    name: booking.course_name || '课程',
    when: time.span(booking.starts_at, booking.ends_at),
    day: time.dayName(time.dateOf(booking.starts_at)),
    starts: time.timeOf(booking.starts_at),
    ends: time.timeOf(booking.ends_at),
    where: [several ? nickname : '', booking.teacher_name, booking.location].filter(Boolean).join(' · '),
    badge: state,
    tone: TONES[booking.status] || 'plain',
    price: booking.final_price_fen > 0 ? money(booking.final_price_fen) : '',
    queue: '',
    payBy: booking.payment_status === 'unpaid' && booking.status === 'pending' ? booking.pay_deadline : '',
  }
}

module.exports = { bookingView, withNames, withPlace }
