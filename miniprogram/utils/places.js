// A place in line as a card shows it.

const time = require('./time')
const session = require('./session')
const { ENTRY, money } = require('./texts')
const { confirmBy, isInLine } = require('./standing')

/** @param {import('./offers').Place} place */
function placeView(place) {
  const { login } = session.get()
  const several = Boolean(login && login.students.length > 1)
  const state = place.offer
    ? (place.offer.stage === 'turn' ? '名额已为您保留，请尽快确认' : '有名额，先确认者得')
    : `您是第${place.position}位候补`
  return {
    waitlistId: place.waitlistId,
    scheduleId: place.scheduleId,
    courseName: place.courseName || '候补课程',
    startsAt: place.startsAt,
    when: time.moment(place.startsAt),
    nickname: several ? place.nickname : '',
    state,
    offer: place.offer,
    deadline: place.offer ? confirmBy(place.offer) : '',
  }
}

/** An entry of `GET /waitlist/my`, which may have ended. @param {any} entry */
function entryView(entry) {
  return {
    id: entry.id,
    waitlistId: entry.id,
    courseName: entry.course_name,
    when: time.moment(entry.starts_at),
    nickname: session.nicknameOf(entry.student_id),
    state: ENTRY[entry.status] || entry.status,
    offer: null,
    // The live ones are told by events, and stand apart.
    ended: !isInLine(entry),
  }
}

/**
 * A seat on offer as the sheet wants it that confirms it.
 * @param {string} waitlistId
 * @param {any} offer
 * @param {any} schedule
 * @param {string} nickname
 */
function seatOn(waitlistId, offer, schedule, nickname) {
  const { course_name: courseName, starts_at: startsAt, final_price_fen: price } = schedule
  return { waitlistId, offer, courseName, startsAt, nickname, price: price > 0 ? money(price) : '' }
}

module.exports = { placeView, entryView, seatOn }
