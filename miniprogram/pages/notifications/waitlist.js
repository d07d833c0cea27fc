// Where a WeChat message about a seat leads: to the seat, or to what became of it.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const soon = require('../../utils/soon')
const time = require('../../utils/time')
const { confirmBy, isInLine } = require('../../utils/standing')
const { seatOn } = require('../../utils/places')
const { endingOf, latestOffer, lapseOf, BY_OFFER } = require('../../utils/endings')

Page(screen({
  data: { e: null, s: null, when: '', nickname: '', offer: null, deadline: '', active: false, ending: {} },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.id = id
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.off = offers.onNews((event) => {
      if (event.data.waitlist_id === this.id || event.event === 'booking') this.later.call()
    })
  },

  onHidden() {
    this.off()
  },

  async load() {
    const entry = await api.get(route`/waitlist/${this.id}`)
    const schedule = await api.get(route`/slots/${entry.schedule_id}`, { student_id: entry.student_id })
    const { offer } = schedule.mine
    const active = isInLine(entry)
    return {
      e: entry,
      s: schedule,
      when: time.moment(entry.starts_at),
      nickname: session.nicknameOf(entry.student_id),
      offer,
      deadline: offer ? confirmBy(offer) : '',
      active,
      ending: offer ? {} : await this.endingFor(entry, active),
    }
  },

  /** @param {any} entry @param {boolean} active */
  async endingFor(entry, active) {
    if (!active) return endingOf(entry)
    const last = await latestOffer(this.id)
    const known = last && last.status === 'lapsed' ? await lapseOf(last.offer_id) : last && BY_OFFER[last.status]
    return { title: known ? known.title : '现在没有可确认的名额', text: `您是第${entry.position}位候补，有名额会再通知您。` }
  },

  confirm() {
    const { s, offer, nickname } = this.data
    if (offer) this.selectComponent('#sheet').open(seatOn(this.id, offer, s, nickname))
  },

  openPlace() {
    const { active, s } = this.data
    navigate.go(active ? `/pages/waitlist/detail?id=${this.id}` : `/pages/booking/choose?course=${s.course_id}`)
  },
  home() {
    navigate.go('/pages/home/index')
  },
}))
