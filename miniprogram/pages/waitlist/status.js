// How a place in line went: when it was taken, and every seat that was offered to it.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const session = require('../../utils/session')
const time = require('../../utils/time')
const offers = require('../../utils/offers')
const { ENTRY, OFFER } = require('../../utils/texts')
const { isInLine } = require('../../utils/standing')

const TONES = /** @type {Record<string, string>} */ ({ sent: 'hot', begun: 'hot', accepted: 'main' })

Page(screen({
  data: { name: '', when: '', state: '', joined: '', nickname: '', items: [] },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.id = id
  },

  onVisible() {
    this.off = offers.onNews((event) => { if (event.data.waitlist_id === this.id) this.refresh() })
  },

  onHidden() {
    this.off()
  },

  async load() {
    const [entry, told] = await Promise.all([
      api.get(route`/waitlist/${this.id}`),
      api.get(route`/waitlist/${this.id}/notifications`, { page_size: 100 }),
    ])
    return {
      name: entry.course_name,
      when: time.moment(entry.starts_at),
      state: `${ENTRY[entry.status] || entry.status}${isInLine(entry) ? `，第${entry.position}位` : ''}`,
      joined: time.moment(entry.joined_at),
      nickname: session.nicknameOf(entry.student_id),
      items: told.items.map((/** @type {any} */ offer) => ({
        id: offer.offer_id,
        stage: offer.stage === 'turn' ? '保留给第一位' : '候补抢占',
        sent: time.moment(offer.sent_at),
        deadline: time.timeOf(offer.deadline),
        state: OFFER[offer.status] || offer.status,
        tone: TONES[offer.status] || 'plain',
      })),
    }
  },
}))
