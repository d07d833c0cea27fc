// What became of a place in line that is over, or of an offer.

const api = require('./api')
const { route } = require('./http')

/** @type {Record<string, {title: string, text: string}>} */
const ENDINGS = {
  promoted: { title: '候补成功', text: '名额已经是您的了，在“我的预约”里可以查看。' },
  cancelled: { title: '已取消候补', text: '需要时可以重新加入，会排到队尾。' },
  expired: { title: '候补已结束', text: '开课前的候补已经结束，可以看看其他时间。' },
}
/** @type {Record<string, {title: string, text: string}>} */
const BY_OFFER = {
  lapsed: { title: '候补确认已过期，名额已顺位给下一位候补用户', text: '可以看看其他时间，或重新加入候补。' },
  lost: { title: '名额已被抢占', text: '' },
  declined: { title: '您已放弃这个名额', text: '' },
  withdrawn: { title: '候补名额已收回', text: '' },
}

/** @param {any} entry */
async function endingOf(entry) {
  if (entry.status !== 'expired') return ENDINGS[entry.status] || ENDINGS.expired
  const last = await latestOffer(entry.waitlist_id || entry.id)
  // A race that lapses ends nobody's place; only a turn does, and else the queue was closed.
  return last && last.stage === 'turn' && BY_OFFER[last.status] ? BY_OFFER[last.status] : ENDINGS.expired
}

/** @param {string} waitlistId */
async function latestOffer(waitlistId) {
  const { items } = await api.get(route`/waitlist/${waitlistId}/notifications`, { page_size: 1 })
  return items[0] || null
}

module.exports = { endingOf, latestOffer, BY_OFFER }
