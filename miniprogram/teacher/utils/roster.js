// The rows of a roster, and what may be done with each. Pure.

const time = require('../../utils/time')
const { bookingStatus, cancellation, ENTRY } = require('../../utils/texts')

const TONES = /** @type {Record<string, string>} */ ({
  pending: 'held', confirmed: 'main', cancelled: 'plain', completed: 'main', no_show: 'hot',
})
const WHY = /** @type {Record<string, string>} */ ({
  time_conflict: '时间冲突，跳过一次', no_hours: '课时不足，跳过一次', unreachable: '无法通知到', declined: '放弃过名额', withdrawn: '名额被收回',
})

/**
 * What a teacher may do with a booking now.
 * @param {any} booking
 * @param {boolean} started
 */
function choicesOf(booking, started) {
  const list = []
  if (booking.status === 'pending' && booking.payment_status !== 'unpaid') list.push({ action: 'confirm', text: '确认预约' })
  if (started && ['confirmed', 'no_show'].includes(booking.status)) list.push({ action: 'complete', text: '到课' })
  if (started && ['confirmed', 'completed'].includes(booking.status)) list.push({ action: 'no-show', text: '未到课' })
  if (['pending', 'confirmed'].includes(booking.status)) list.push({ action: 'cancel', text: '取消预约' })
  return list
}

/**
 * @param {any} booking
 * @param {boolean} started
 */
function bookingRow(booking, started) {
  const ended = booking.status === 'cancelled'
  const by = booking.booked_by_name && booking.booked_by_name !== booking.nickname ? `${booking.booked_by_name}预约` : ''
  return {
    id: booking.id,
    nickname: booking.nickname || '学员',
    facts: [`${time.moment(booking.created_at)} 约`, by, ended ? cancellation(booking) : ''].filter(Boolean).join(' · '),
    note: booking.student_note || '',
    state: bookingStatus(booking),
    tone: TONES[booking.status] || 'plain',
    ended,
    choices: choicesOf(booking, started),
  }
}

/** @param {any} row */
function queueRow(row) {
  const passed = row.passed ? row.passed.text || WHY[row.passed.why] || '' : ''
  return {
    id: row.waitlist_id,
    position: row.position,
    nickname: row.nickname || '学员',
    facts: [`${time.moment(row.joined_at)} 加入`, row.reachable ? '' : '微信通知不到', passed].filter(Boolean).join(' · '),
    state: row.offer ? (row.offer.stage === 'turn' ? '保留中' : '抢占中') : ENTRY[row.status] || row.status,
    tone: row.offer ? 'hot' : 'plain',
  }
}

/** @param {any} round */
function roundRow(round) {
  return {
    id: round.id,
    deadline: round.deadline,
    text: round.stage === 'turn' ? `保留给${round.turn_of || '第一位'}` : '候补抢占中',
  }
}

/**
 * What may be done with the class itself.
 * @param {any} schedule
 * @param {number} now
 */
function controlsOf(schedule, now) {
  const started = now >= Date.parse(schedule.starts_at)
  const { availability } = schedule
  if (['completed', 'revoked'].includes(availability)) return []
  if (started) return [{ action: 'complete', text: '下课：全部记为到课', style: 'button--main' }]
  return availability === 'blocked'
    ? [{ action: 'unblock', text: '重新开放预约', style: 'button--main' }]
    : [{ action: 'block', text: '暂停预约', style: '' }]
}

module.exports = { bookingRow, queueRow, roundRow, controlsOf, choicesOf }
