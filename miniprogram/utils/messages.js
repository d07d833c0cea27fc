// A message, and the page that it is about.

const session = require('./session')
const time = require('./time')

/** @param {any} message */
function messageView(message) {
  return {
    id: message.id,
    title: message.title,
    body: message.body,
    when: time.dateOf(message.created_at) === time.today() ? time.timeOf(message.created_at) : time.dayName(time.dateOf(message.created_at)),
    at: time.moment(message.created_at),
    unread: !message.read_at,
  }
}

const OF_OFFERS = ['seat_offered', 'offer_reminder', 'offer_lost', 'offer_lapsed', 'offer_withdrawn', 'offer_skipped', 'waitlist_closed']

/** Where to go from a message, and what the button says; null where there is nowhere. @param {any} message */
function placeOf({ kind, data }) {
  if (kind === 'new_login') return { url: '/pages/me/sessions', text: '查看登录设备' }
  if (!data) return null
  if (OF_OFFERS.includes(kind) && data.waitlist_id) return { url: `/pages/notifications/waitlist?id=${data.waitlist_id}`, text: '查看候补' }
  if (data.to === 'teacher' && data.schedule_id) return { url: `/teacher/pages/roster?id=${data.schedule_id}`, text: '查看名单' }
  if (data.booking_id) return { url: `/pages/booking/detail?id=${data.booking_id}`, text: '查看预约' }
  if (data.schedule_id) return { url: `/pages/schedules/detail?id=${data.schedule_id}`, text: '查看这节课' }
  return null
}

/** The message that is open, and who opened it: the server gives messages only as lists, and the list has the whole of it. */
let opened = { message: /** @type {any} */ (null), reader: '' }

/** Who reads now. */
function reader() {
  const { login } = session.get()
  return login ? login.user.id : ''
}

module.exports = {
  messageView,
  placeOf,
  /** @param {any} message */
  setOpened(message) { opened = { message, reader: reader() } },
  opened: () => (opened.reader === reader() ? opened.message : null),
}
