// A class as a list shows it.

const time = require('./time')
const { money } = require('./texts')

/** Above this, seats are counted and not drawn. */
const SEATS_DRAWN_MAX = 24

/** @type {Record<string, string>} */
const CLOSED = { blocked: '不开放', completed: '已结束', revoked: '已取消' }

/**
 * @param {any} slot
 * @param {number} now the server's time
 */
function badgeOf(slot, now) {
  const mine = slot.mine || {}
  if (mine.offer) return { text: '有名额', tone: 'hot' }
  if (mine.booking) return mine.booking.status === 'pending' ? { text: '待确认', tone: 'held' } : { text: '已预约', tone: 'main' }
  if (mine.waitlist_entry) return { text: `已候补 第${mine.waitlist_entry.position}位`, tone: 'main' }
  if (CLOSED[slot.availability]) return { text: CLOSED[slot.availability], tone: 'plain' }
  if (now >= Date.parse(slot.starts_at)) return { text: '已开课', tone: 'plain' }
  if (slot.seats_left > 0) return { text: `剩 ${slot.seats_left} 席`, tone: 'main' }
  return slot.availability === 'pending' ? { text: '占位中', tone: 'held' } : { text: '已满员', tone: 'hot' }
}

/**
 * @param {any} slot
 * @param {number} now
 */
function classView(slot, now) {
  const badge = badgeOf(slot, now)
  const isFull = slot.seats_left === 0 && slot.availability !== 'revoked'
  const queue = isFull && slot.waitlist && slot.waitlist.open ? `候补: ${slot.waitlist.length}/${slot.waitlist.capacity}人` : ''
  const where = [slot.teacher_name, slot.location].filter(Boolean).join(' · ')
  return {
    id: slot.id,
    name: slot.course_name,
    day: time.dayName(time.dateOf(slot.starts_at)),
    date: time.dateOf(slot.starts_at),
    starts: time.timeOf(slot.starts_at),
    ends: time.timeOf(slot.ends_at),
    where,
    badge: badge.text,
    tone: badge.tone,
    queue,
    price: slot.final_price_fen > 0 ? money(slot.final_price_fen) : '',
    past: now >= Date.parse(slot.ends_at),
  }
}

/**
 * The seats one by one, or nothing where there are too many to draw.
 * @param {any} slot
 */
function seatsOf(slot) {
  if (slot.capacity > SEATS_DRAWN_MAX) return []
  const kinds = []
  for (let i = 0; i < slot.seats_taken; i += 1) kinds.push('taken')
  for (let i = 0; i < slot.seats_offered; i += 1) kinds.push('offered')
  for (let i = 0; i < slot.seats_held; i += 1) kinds.push('held')
  while (kinds.length < slot.capacity) kinds.push('free')
  return kinds.slice(0, slot.capacity)
}

/** @param {any} slot */
function seatsLabel(slot) {
  const parts = [`共 ${slot.capacity} 席`, `已约 ${slot.seats_taken}`]
  if (slot.seats_offered > 0) parts.push(`候补确认中 ${slot.seats_offered}`)
  if (slot.seats_held > 0) parts.push(`占位 ${slot.seats_held}`)
  parts.push(`空位 ${slot.seats_left}`)
  return parts.join(' · ')
}

module.exports = { classView, seatsOf, seatsLabel }
