// Confirming a seat on offer. Opening the sheet is recorded, so that what was begun in time may end a
// little later; the tap sends one request; who comes second is told so, and where they stand, at once.
// In a race it takes the seat from nobody else: the words say so until the server has decided.

const actions = require('../../utils/actions')
const api = require('../../utils/api')
const { route, watchReach } = require('../../utils/http')
const endings = require('../../utils/endings')
const consent = require('../../utils/consent')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const time = require('../../utils/time')
const { explain } = require('../../utils/texts')
const { confirmBy, isInLine } = require('../../utils/standing')

/** What ends an offer, as events tell it. @type {Record<string, string>} */
const ENDS = {
  offer_lost: '名额已被抢占',
  offer_lapsed: endings.LAPSED,
  offer_withdrawn: '候补名额已收回',
  waitlist_closed: '候补已截止',
}
/** Refusals that are about this try, and not about the seat. */
const PASSING = ['too_many_requests', 'request_in_progress', 'unauthorized', 'login_expired']

/** @type {{phase: string, problem: string, over: boolean, begun: boolean, alone: boolean, unpaid: boolean, endTitle: string, endText: string}} */
const CLOSED = { phase: 'closed', problem: '', over: false, begun: false, alone: false, unpaid: false, endTitle: '', endText: '' }

Component({
  properties: {
    /** The class as the page sees it live, to notice when it is called off. */
    schedule: { type: Object, value: null, observer() { this.lookAtClass() } },
  },
  data: { ...CLOSED, deadline: '', courseName: '', when: '', nickname: '', price: '' },
  lifetimes: {
    attached() {
      this.offs = [
        offers.onNews((event) => this.hear(event)),
        watchReach((isReached) => { if (isReached) this.recover() }),
      ]
    },
    detached() {
      this.offs.forEach((/** @type {() => void} */ off) => off())
      if (this.place) offers.attend('')
      this.place = null
    },
  },
  methods: {
    /**
     * @param {{waitlistId: string, offer: any, courseName: string, startsAt: string, nickname?: string, price?: string}} place
     */
    async open(place) {
      if (this.data.phase !== 'closed') return
      // A copy: the page goes on writing into what it shows, and the tap is about what stands here.
      this.place = { ...place, offer: { ...place.offer } }
      this.seen = this.data.schedule
      offers.attend(place.waitlistId)
      this.bookingId = ''
      this.unanswered = ''
      this.setData({
        ...CLOSED,
        phase: 'asking',
        deadline: confirmBy(place.offer),
        courseName: place.courseName,
        when: time.moment(place.startsAt),
        nickname: place.nickname || '',
        price: place.price || '',
        begun: Boolean(place.offer.begun_at),
        alone: place.offer.stage === 'turn',
      })
      await this.begin()
    },

    /** Tells the server that the seat is being confirmed. */
    async begin() {
      const { place } = this
      try {
        const { confirm_by: deadline } = await actions.begin(place.waitlistId, place.offer.id)
        if (this.isAbout(place)) this.setData({ deadline, begun: true, over: false })
      } catch (error) {
        if (!this.isAsking(place)) return
        // Nobody has tapped yet, so there is no outcome to be unsure of; a seat may be confirmed without this.
        if (error.isUnknown) this.doubt('begin', `${explain(error).title}。仍可直接点确认预约。`)
        else this.refuse(error)
      }
    },

    /** What was asked got no answer. @param {'begin' | 'answer'} unanswered @param {string} problem */
    doubt(unanswered, problem) {
      this.unanswered = unanswered
      this.setData({ phase: 'asking', problem })
    },

    /** The server is there again: the sheet does not go on saying that it is not. */
    recover() {
      const { unanswered } = this
      if (!unanswered || this.data.phase !== 'asking') return
      this.unanswered = ''
      // What became of a tap is for the next tap to find out; what was only to be recorded is recorded now.
      this.setData({ problem: unanswered === 'answer' ? '还不知道结果，请再点一次确认。' : '' })
      if (unanswered === 'begin') this.begin()
    },

    /** Whether the sheet still shows this offer; what is answered late is not shown over another. @param {any} place */
    isAbout(place) {
      return this.place === place && ['asking', 'sending'].includes(this.data.phase)
    },

    /** Whether nothing was answered about it yet. @param {any} place */
    isAsking(place) {
      return this.place === place && this.data.phase === 'asking'
    },

    async confirm() {
      if (this.data.phase !== 'asking' || this.data.over) return
      const { place } = this
      this.unanswered = ''
      this.setData({ phase: 'sending', problem: '' })
      try {
        const { booking } = await actions.accept(place.waitlistId, place.offer.id)
        if (this.isAbout(place)) this.win(booking)
      } catch (error) {
        if (this.isAbout(place)) this.refuse(error)
      }
    },

    async decline() {
      const { place } = this
      const { confirm } = await wx.showModal({
        title: '放弃这个名额？', content: '名额会给其他候补用户。', confirmText: '放弃', cancelText: '再想想',
      })
      if (!confirm || !this.isAbout(place)) return
      this.unanswered = ''
      this.setData({ phase: 'sending', problem: '' })
      try {
        const { entry } = await actions.decline(place.waitlistId, place.offer.id)
        if (!this.isAbout(place)) return
        this.finish('已放弃这个名额', isInLine(entry) ? `您是第${entry.position}位候补` : '您的候补已结束')
      } catch (error) {
        if (this.isAbout(place)) this.refuse(error)
      }
    },

    /** @param {any} booking */
    win(booking) {
      this.bookingId = booking ? booking.id : ''
      this.setData({ phase: 'won', unpaid: Boolean(booking && booking.payment_status === 'unpaid') })
      wx.vibrateShort({ type: 'light' })
    },

    /** @param {any} error */
    refuse(error) {
      const { title, advice, reason } = explain(error)
      if (error.isUnknown || PASSING.includes(reason)) {
        if (error.isUnknown) this.doubt('answer', `还不知道结果：${title}。请再点一次确认。`)
        else this.setData({ phase: 'asking', problem: title })
        this.lookAtClass()
      } else {
        this.lose(title, advice)
      }
    },

    /** Says at once that it is over, and then where one stands. @param {string} title @param {string} text */
    async lose(title, text) {
      const { place } = this
      this.finish(title, text)
      try {
        const entry = await api.get(route`/waitlist/${place.waitlistId}`)
        if (this.place !== place || this.data.phase !== 'over') return
        if (entry.status === 'waiting') this.setData({ endText: `您是第${entry.position}位候补，有名额会再通知您。` })
        else if (entry.status === 'expired') this.setData({ endText: '您的候补已结束，可以看看其他时间。' })
        if (title !== endings.LAPSED) return
        const told = await endings.lapseOf(place.offer.id)
        if (this.place === place && this.data.phase === 'over') this.setData({ endTitle: told.title, endText: told.text || this.data.endText })
      } catch (error) {
        // The text that stands there is true without the position.
        explain(error)
      }
    },

    /** @param {string} endTitle @param {string} endText */
    finish(endTitle, endText) {
      this.setData({ phase: 'over', endTitle, endText })
    },

    /** @param {any} event */
    hear({ event, data }) {
      const { place } = this
      // While a request is under way, its answer says what became of it.
      if (!place || !this.isAsking(place)) return
      const isThis = data.offer_id ? data.offer_id === place.offer.id : data.waitlist_id === place.waitlistId
      if (ENDS[event] && isThis) this.lose(ENDS[event], '')
    },

    lookAtClass() {
      const { schedule, phase } = this.data
      if (!schedule || phase !== 'asking') return
      if (schedule.availability === 'revoked') this.finish('课程已取消', '候补随之结束，可以看看其他时间。')
      else if (this.isWithout(schedule)) this.learnEnd()
    },

    /**
     * Whether the class has gone on since the sheet was opened, and the offer is not there any more: what
     * happens while the connection is away is told by no event. A booking that is there may be the answer
     * to a tap that was not heard; the next tap says so.
     * @param {any} schedule
     */
    isWithout(schedule) {
      const { seen, place } = this
      if (!seen || seen.id !== schedule.id) { this.seen = schedule; return false }
      const isNewer = schedule.epoch > seen.epoch || (schedule.epoch === seen.epoch && schedule.version > seen.version)
      const { offer, booking } = schedule.mine || {}
      return isNewer && !booking && !(offer && offer.id === place.offer.id)
    },

    /** Says what became of the offer, as far as the server tells. */
    async learnEnd() {
      const { place } = this
      this.finish('这个名额已经不在了', '')
      const last = await endings.offerOf(place.waitlistId, place.offer.id).catch((error) => { explain(error) })
      if (this.place !== place || this.data.phase !== 'over') return
      const end = last && endings.BY_OFFER[last.status]
      await this.lose(end ? end.title : this.data.endTitle, end ? end.text : '')
    },

    /** Time is up by the server's clock; the server says what that means. */
    expire() {
      if (this.data.phase === 'asking' || this.data.phase === 'sending') this.setData({ over: true })
    },

    close() {
      if (this.data.phase === 'sending') return
      const { phase, unpaid } = this.data
      const ended = phase !== 'asking'
      // First in the tap, as WeChat wants it. While a fee is due, its countdown goes first.
      if (ended && !unpaid) consent.ask('confirm', this.place.offer.id)
      offers.attend('')
      this.place = null
      this.setData(CLOSED)
      this.triggerEvent('close', { ended })
    },

    openBooking() {
      const { bookingId } = this
      this.close()
      if (bookingId) navigate.go(`/pages/booking/detail?id=${bookingId}`)
    },

    /** Keeps the page below from scrolling. */
    still() {},
  },
})
