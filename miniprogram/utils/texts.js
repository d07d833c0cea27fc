// What to say when the server refuses, and what to do then. The server's own text is literal and is
// shown as it is, but for what it cannot know; here stands what helps.

const { isApiError } = require('./http')

/** @type {Record<string, string>} */
const ADVICE = {
  schedule_full: '可以加入候补，有名额时会通知您。',
  seat_on_offer: '空出的名额正由候补用户确认，可以加入候补。',
  already_booked: '在“我的预约”里可以查看。',
  already_waiting: '在“我的候补”里可以查看顺位。',
  time_conflict: '请先取消时间冲突的预约，或选择其他时间。',
  queue_full: '看看同一课程的其他时间。',
  seats_available: '还有空位，直接预约即可。',
  waitlist_closed: '开课前的候补已经结束，可以看看其他时间。',
  schedule_not_open: '可以看看其他时间。',
  schedule_started: '可以看看之后的课程。',
  not_enough_hours: '请联系老师补充课时。',
  offer_taken: '您的候补顺位保持不变。',
  offer_lapsed: '如果还在队列中，有新的名额会再通知您。',
  no_offer: '有名额时会通知您。',
  payment_late: '名额已经释放，可以重新预约或加入候补。',
  cancel_too_late: '请直接联系老师。',
  booking_ended: '请刷新查看最新状态。',
  hold_limit: '可以不占位，直接提交预约。',
  forbidden: '请用有权限的账号登录。',
  not_found: '它可能已被取消，或不属于您。',
  too_many_requests: '稍等片刻再试。',
}

/** Where the server's text says more than a refusal can know: whose the seat is now. @type {Record<string, string>} */
const TITLES = { offer_lapsed: '候补确认已过期' }

/** @param {string} reason */
const adviceFor = (reason) => ADVICE[reason] || ''

/**
 * What an error says, in one line and a hint.
 * @param {any} error
 */
function explain(error) {
  if (isApiError(error)) {
    return { reason: error.reason, title: TITLES[error.reason] || error.message, advice: adviceFor(error.reason) }
  }
  // Not the server's refusal but our own fault: it must be seen, and not be shown as one.
  setTimeout(() => { throw error })
  return { reason: 'fault', title: '小程序出了点问题', advice: '请返回后重试。' }
}

/** @type {Record<string, string>} */
const BOOKING = {
  pending: '待确认', confirmed: '已预约', cancelled: '已取消', completed: '已完成', no_show: '爽约',
}
/** @type {Record<string, string>} */
const ENTRY = {
  waiting: '候补中', notified: '有名额', in_turn: '保留给您', promoted: '已候补成功', cancelled: '已取消', expired: '已结束',
}
/** @type {Record<string, string>} */
const CANCELLED_BY = { student: '由学员取消', teacher: '由老师取消', operator: '由运营取消', system: '由系统取消' }
/** @type {Record<string, string>} */
const OFFER = {
  sent: '等待确认', begun: '正在确认', accepted: '已确认', declined: '已放弃', lost: '名额已被抢占', lapsed: '已过期', withdrawn: '已收回',
}
/** @type {Record<string, string>} */
const REASON = {
  payment_timeout: '未在规定时间内支付', teacher_unanswered: '老师未及时确认', schedule_revoked: '课次已撤销', moved: '已改约其他课次',
}
const COURSE_KINDS = ['一对一', '班课', '次课', '试听']

/**
 * @param {{status: string, payment_status: string}} booking
 */
function bookingStatus(booking) {
  if (booking.status === 'pending') return booking.payment_status === 'unpaid' ? '待支付' : '待老师确认'
  return BOOKING[booking.status] || booking.status
}

/** @param {{cancelled_by?: string, cancel_reason?: string}} booking */
function cancellation(booking) {
  const reason = booking.cancel_reason ? REASON[booking.cancel_reason] || booking.cancel_reason : ''
  return [CANCELLED_BY[booking.cancelled_by] || '', reason].filter(Boolean).join('：')
}

/** `¥180`, `¥0.50`. @param {number} fen */
function money(fen) {
  const yuan = (fen / 100).toFixed(2)
  return `¥${yuan.endsWith('.00') ? yuan.slice(0, -3) : yuan}`
}

module.exports = { adviceFor, explain, bookingStatus, cancellation, money, ENTRY, OFFER, COURSE_KINDS }
