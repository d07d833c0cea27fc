// The seats that are on offer to the person's students now, wherever in the app they are.

const signal = require('./signal')
const socket = require('./socket')
const session = require('./session')
const api = require('./api')
const { isApiError, route } = require('./http')

/**
 * @typedef {{id: string, stage: 'race' | 'turn', sent_at: string, deadline: string, begun_at: string | null}} Offer
 * @typedef {{scheduleId: string, waitlistId: string, studentId: string, position: number, status: string, offer: Offer | null, courseName: string, startsAt: string, nickname: string}} Place
 */

/** Where the students stand in line, those with an offer first, the earliest deadline before. */
const places = signal(/** @type {Place[]} */ ([]))
/** What last happened to somebody of the account, as the server told it. */
const news = signal(/** @type {any} */ (null))

/** Offers whose notice was put away. */
const putAway = signal(/** @type {string[]} */ ([]))

/** What never changes of a place in line. @type {Map<string, {courseName: string, startsAt: string}>} */
const facts = new Map()
const FACTS_MAX = 200

/** @type {(() => void) | null} */
let stop = null
/** Events seen, because a resumed socket may repeat one. @type {string[]} */
let heard = []
const HEARD_MAX = 100

function start() {
  if (stop) return
  stop = socket.listen('me', { onState, onEvent })
}

function end() {
  if (stop) stop()
  stop = null
  heard = []
  places.set([])
}

/** @param {{data: any}} state */
function onState({ data }) {
  /** @type {any[]} */
  const list = data.waitlist || []
  places.set(inOrder(list.map((row) => ({
    scheduleId: row.schedule_id,
    waitlistId: row.waitlist_id,
    studentId: row.student_id,
    nickname: session.nicknameOf(row.student_id),
    position: row.position,
    status: row.status,
    offer: row.offer || null,
    courseName: '',
    startsAt: '',
    ...facts.get(row.waitlist_id),
  }))))
  places.get().forEach((place) => { if (!facts.has(place.waitlistId)) learn(place.waitlistId) })
}

/** @param {any} event */
function onEvent(event) {
  if (heard.includes(event.id)) return
  heard = heard.concat(event.id).slice(-HEARD_MAX)
  patch(event)
  news.set(event)
  // An event tells of one thing; the snapshot tells how everything stands after it.
  if (event.event !== 'offer_reminder' && event.event !== 'schedule_changed') socket.refresh('me')
}

/** What an event says by itself is shown before the snapshot arrives. @param {any} event */
function patch({ event, data }) {
  const change = changeOf(event, data)
  if (!change) return
  places.set(inOrder(places.get().map((place) => (place.waitlistId === data.waitlist_id ? { ...place, ...change(place) } : place))))
}

/**
 * @param {string} event
 * @param {any} data
 * @returns {((place: Place) => Partial<Place>) | null}
 */
function changeOf(event, data) {
  if (event === 'position') return () => ({ position: data.position })
  if (event === 'seat_offered') {
    const offer = { id: data.offer_id, stage: data.stage, sent_at: data.sent_at, deadline: data.deadline, begun_at: null }
    // The current offer is the one with the earliest deadline.
    return (place) => ({ offer: place.offer && place.offer.deadline <= offer.deadline ? place.offer : offer })
  }
  if (event === 'offer_lost' || event === 'offer_lapsed' || event === 'offer_withdrawn') {
    return (place) => (place.offer && place.offer.id === data.offer_id ? { offer: null } : {})
  }
  return null
}

/** @param {Place[]} list */
function inOrder(list) {
  /** @param {Place} place */
  const rank = (place) => (place.offer ? `0${place.offer.deadline}` : `1${place.startsAt}`)
  return list.slice().sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
}

/** @param {string} waitlistId */
async function learn(waitlistId) {
  try {
    const entry = await api.get(route`/waitlist/${waitlistId}`)
    if (facts.size >= FACTS_MAX) facts.clear()
    facts.set(waitlistId, { courseName: entry.course_name, startsAt: entry.starts_at })
    places.set(inOrder(places.get().map((place) => (place.waitlistId === waitlistId ? { ...place, ...facts.get(waitlistId) } : place))))
  } catch (error) {
    // The name comes with the next snapshot; the offer itself is shown without it.
    if (!isApiError(error)) throw error
  }
}

/** The place whose seat is being confirmed; what becomes of it is told there. */
let attended = ''
/** @param {string} waitlistId empty when nothing is being confirmed any more */
function attend(waitlistId) {
  attended = waitlistId
}

/** Its notice is not shown again; the offer itself stands. @param {string} offerId */
const dismiss = (offerId) => putAway.set(putAway.get().concat(offerId))

/** The first offer whose notice was not put away. */
const unseen = () => places.get().find((place) => place.offer && !putAway.get().includes(place.offer.id)) || null

module.exports = {
  attend, attended: () => attended, dismiss, unseen, onDismiss: putAway.watch, start, end, places: places.get, watch: places.watch, onNews: news.watch,
}
