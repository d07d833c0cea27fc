// What a student can do, each as one request. The answers are what the server says.

const api = require('./api')
const { route } = require('./http')
const socket = require('./socket')

/**
 * Something that changes where one stands in line, or until when: no event tells its own doer of a place
 * taken or left, or of a confirmation begun.
 * @param {Promise<any>} change
 */
async function inLine(change) {
  const answer = await change
  socket.refresh('me')
  return answer
}

module.exports = {
  /** @param {string} scheduleId @param {string} studentId */
  hold: (scheduleId, studentId) => api.act('POST', route`/schedules/${scheduleId}/hold`, { profile_id: studentId }),
  /** @param {string} scheduleId @param {string} studentId */
  release: (scheduleId, studentId) => api.act('DELETE', route`/schedules/${scheduleId}/hold?profile_id=${studentId}`),
  /** @param {{schedule_id: string, profile_id: string, hold_id?: string, note?: string}} booking */
  book: (booking) => api.act('POST', '/bookings', booking),
  /** @param {string} bookingId */
  pay: (bookingId) => api.act('POST', '/pay', { booking_id: bookingId }),
  /** @param {string} bookingId @param {string} [reason] */
  cancel: (bookingId, reason) => api.act('PUT', route`/bookings/${bookingId}/cancel`, reason ? { reason } : {}),
  /** @param {string} bookingId @param {string} scheduleId */
  move: (bookingId, scheduleId) => api.act('PUT', route`/bookings/${bookingId}/move`, { schedule_id: scheduleId }),
  /** @param {string} bookingId @param {string} note */
  note: (bookingId, note) => api.act('PUT', route`/bookings/${bookingId}`, { student_note: note }),
  /** @param {string} scheduleId @param {string} studentId */
  join: (scheduleId, studentId) => inLine(api.act('POST', '/waitlist/join', { course_schedule_id: scheduleId, profile_id: studentId })),
  /** @param {string} waitlistId */
  leave: (waitlistId) => inLine(api.act('DELETE', route`/waitlist/${waitlistId}`)),
  /** @param {string} waitlistId @param {string} offerId */
  begin: (waitlistId, offerId) => inLine(api.act('POST', route`/waitlist/${waitlistId}/begin`, { offer_id: offerId })),
  /**
   * The offer is named: a tap must never accept another one than what is on the screen.
   * @param {string} waitlistId
   * @param {string} offerId
   */
  accept: (waitlistId, offerId) => inLine(api.act('PUT', route`/waitlist/${waitlistId}/respond`, { action: 'accept', offer_id: offerId })),
  /** @param {string} waitlistId @param {string} offerId */
  decline: (waitlistId, offerId) => inLine(api.act('PUT', route`/waitlist/${waitlistId}/respond`, { action: 'decline', offer_id: offerId })),
}
