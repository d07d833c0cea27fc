// What became of a place in line that is over, or of an offer.

const api = require('./api')
const { route } = require('./http')

/** How often, and after which pause, a message is looked for that is being written. */
const LOOKS = 4
const SOON_MS = 300

/** @type {Record<string, {title: string, text: string}>} */
const ENDINGS = {
  promoted: { title: '候补成功', text: '名额已经是您的了，在“我的预约”里可以查看。' },
  cancelled: { title: '已取消候补', text: '需要时可以重新加入，会排到队尾。' },
  expired: { title: '候补已结束', text: '开课前的候补已经结束，可以看看其他时间。' },
}
/** What is true of every offer that lapsed, wherever the seat went. */
const LAPSED = '候补确认已过期'
/** Where the seat of an offer that lapsed went. @type {Record<string, {title: string, text: string}>} */
const HEIRS = {
  next: { title: '候补确认已过期，名额已顺位给下一位候补用户', text: '' },
  yours: { title: LAPSED, text: '名额现已按顺位单独保留给您，请重新确认。' },
}
/** @type {Record<string, {title: string, text: string}>} */
const BY_OFFER = {
  lapsed: { title: LAPSED, text: '可以重新加入候补；如果有空位，可以直接预约。' },
  lost: { title: '名额已被抢占', text: '' },
  declined: { title: '您已放弃这个名额', text: '' },
  withdrawn: { title: '候补名额已收回', text: '' },
}

/** @param {any} entry */
async function endingOf(entry) {
  if (entry.status !== 'expired') return ENDINGS[entry.status] || ENDINGS.expired
  const last = await latestOffer(entry.waitlist_id || entry.id)
  // A race that lapses ends nobody's place; only a turn does, and else the queue was closed.
  if (!last || last.stage !== 'turn' || !BY_OFFER[last.status]) return ENDINGS.expired
  return last.status === 'lapsed' ? merged(BY_OFFER.lapsed, await lapseOf(last.offer_id)) : BY_OFFER[last.status]
}

/** @param {{title: string, text: string}} end @param {{title: string, text: string}} told */
const merged = (end, told) => ({ title: told.title, text: told.text || end.text })

/**
 * What to say of an offer that lapsed: the seat goes to the next in line, or to oneself again as the first
 * in line, or to nobody. The message of the server tells which, and comes a moment after the lapse.
 * @param {string} offerId
 * @returns {Promise<{title: string, text: string}>} without a text where there is nothing to add
 */
async function lapseOf(offerId) {
  for (let look = 1; ; look += 1) {
    const { items } = await api.get('/messages', { kind: 'offer_lapsed', page_size: 20 })
    const message = items.find((/** @type {any} */ item) => item.data && item.data.offer_id === offerId)
    if (message || look === LOOKS) return (message && HEIRS[message.data.seat]) || { title: LAPSED, text: '' }
    await new Promise((resolve) => { setTimeout(resolve, SOON_MS) })
  }
}

/** @param {string} waitlistId */
async function latestOffer(waitlistId) {
  const { items } = await api.get(route`/waitlist/${waitlistId}/notifications`, { page_size: 1 })
  return items[0] || null
}

/**
 * One of the latest offers; another one may have come since.
 * @param {string} waitlistId
 * @param {string} offerId
 */
async function offerOf(waitlistId, offerId) {
  const { items } = await api.get(route`/waitlist/${waitlistId}/notifications`, { page_size: 10 })
  return items.find((/** @type {any} */ item) => item.offer_id === offerId) || null
}

module.exports = { endingOf, latestOffer, offerOf, lapseOf, BY_OFFER, LAPSED }
