// How a class stands for one student: the one thing to say, and what can be done. Pure.

/**
 * @typedef {'accept' | 'decline' | 'leave' | 'book' | 'join' | 'pay' | 'cancel' | 'open'} Action
 * @typedef {{kind: string, title: string, text: string, tone: 'hot' | 'main' | 'held' | 'plain', actions: Action[], deadline: string}} Standing
 */

/**
 * @param {string} kind
 * @param {Standing['tone']} tone
 * @param {string} title
 * @param {string} text
 * @param {Action[]} [actions]
 * @param {string} [deadline]
 * @returns {Standing}
 */
const standing = (kind, tone, title, text, actions = [], deadline = '') => ({ kind, tone, title, text, actions, deadline })

/** When a begun confirmation ends: five minutes after it began, and never before the deadline. @param {any} offer */
function confirmBy(offer) {
  if (!offer.begun_at) return offer.deadline
  const protectedTo = Date.parse(offer.begun_at) + 5 * 60000
  return protectedTo > Date.parse(offer.deadline) ? sameZone(protectedTo, offer.deadline) : offer.deadline
}

/** Whether a place in line is still one: what was left, lost or used has ended. @param {{status: string}} entry */
const isInLine = ({ status }) => ['waiting', 'notified', 'in_turn'].includes(status)

/** An instant written with the offset of another. @param {number} milliseconds @param {string} like */
function sameZone(milliseconds, like) {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(like) || ['', '+', '00', '00']
  const shift = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60000
  return `${new Date(milliseconds + shift).toISOString().slice(0, -1)}${sign}${hours}:${minutes}`
}

/**
 * @param {any} schedule the body of a class
 * @param {number} now the server's time
 * @returns {Standing}
 */
function standingOf(schedule, now) {
  const { mine } = schedule
  const started = now >= Date.parse(schedule.starts_at)
  if (mine.offer && mine.waitlist_entry) return offered(mine.offer)
  if (mine.booking) return booked(mine.booking, started)
  if (schedule.availability === 'revoked') return standing('revoked', 'hot', '课程已取消', '已预约的费用将原路退回。')
  if (schedule.availability === 'completed') return standing('completed', 'plain', '课程已结束', '')
  if (started) return standing('started', 'plain', '课程已开始', '可以看看之后的课程。')
  if (mine.waitlist_entry) return waiting(mine.waitlist_entry)
  if (schedule.availability === 'blocked') return standing('blocked', 'plain', '暂不可预约', '可以看看其他时间。')
  if (mine.hold) return standing('held', 'held', '已为您占位', '请在时限内提交预约。', ['book'], mine.hold.expires_at)
  if (schedule.seats_left > 0) return standing('open', 'main', `剩 ${schedule.seats_left} 席`, '', ['book'])
  return full(schedule, now)
}

/** @param {any} offer */
function offered(offer) {
  const begun = Boolean(offer.begun_at)
  const alone = offer.stage === 'turn'
  const title = alone ? '保留给第一位' : '有名额，立即预约'
  // To begin takes the seat from nobody in a race: only who completes first has it.
  const text = alone
    ? (begun ? '您已开始确认，请在时限内完成。' : '名额已单独为您保留，请在时限内确认。')
    : (begun ? '您已开始确认，名额还没有确定，先完成者得。' : '所有候补用户都收到了通知，先确认者得。')
  return standing('offered', 'hot', title, text, ['accept', 'decline'], confirmBy(offer))
}

/** @param {any} booking @param {boolean} started */
function booked(booking, started) {
  if (booking.payment_status === 'unpaid') {
    return standing('unpaid', 'held', '待支付', '逾期自动取消，名额会释放。', ['pay', 'open'], booking.pay_deadline)
  }
  if (booking.status === 'pending') return standing('pending', 'held', '待老师确认', '开课前未确认会自动取消。', ['open'])
  return standing('booked', 'main', '您已预约', started ? '' : '请准时到课。', ['open'])
}

/** @param {any} entry */
function waiting(entry) {
  return standing('waiting', 'main', '已候补', `您是第${entry.position}位候补，有名额会立即通知您。`, ['leave'])
}

/** @param {any} schedule @param {number} now */
function full(schedule, now) {
  const { waitlist } = schedule
  const queue = `候补: ${waitlist.length}/${waitlist.capacity}人`
  if (!waitlist.open || now >= Date.parse(schedule.cutoff_at)) {
    return standing('closed', 'plain', '已满员', '候补已截止，可以看看其他时间。')
  }
  if (waitlist.length >= waitlist.capacity) return standing('queue_full', 'plain', '已满员', '候补队列已满，请选择其他课程')
  const text = schedule.seats_offered > 0 ? `空出的名额正由候补用户确认。${queue}` : queue
  return standing('full', 'held', '已满员', text, ['join'])
}

module.exports = { standingOf, confirmBy, isInLine }
