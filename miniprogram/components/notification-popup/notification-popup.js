// An offer that arrives while one is on another page, and what became of the one before.

const offers = require('../../utils/offers')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const time = require('../../utils/time')
const { confirmBy } = require('../../utils/standing')

const WORD_MS = 6000

const REMINDER = '确认预约？还剩5分钟决策时间'

/** What is said of things that happened; an offer speaks for itself. @type {Record<string, string>} */
const WORDS = {
  offer_lost: '名额已被抢占',
  offer_lapsed: '候补确认已过期',
  offer_withdrawn: '候补名额已收回，顺位保持不变',
  offer_skipped: '这次名额没有轮到您',
  waitlist_closed: '候补已截止',
  schedule_changed: '课程安排有变',
  offer_reminder: REMINDER,
}

/** Whether the page that is open shows this offer itself. @param {any} place */
function isOpen(place) {
  const pages = getCurrentPages()
  const top = /** @type {any} */ (pages[pages.length - 1])
  if (!top) return false
  if (['pages/home/index', 'pages/waitlist/index'].includes(top.route)) return true
  const id = top.options && top.options.id
  if (['pages/waitlist/detail', 'pages/notifications/waitlist'].includes(top.route)) return id === place.waitlistId
  // A class stands as one student sees it.
  const student = session.student()
  return top.route === 'pages/schedules/detail' && id === place.scheduleId && Boolean(student) && student.id === place.studentId
}

Component({
  data: { place: null, word: null, reminder: REMINDER, reminded: '' },
  lifetimes: {
    attached() {
      this.here = true
      this.offs = [
        offers.watch(() => this.look()),
        offers.onDismiss(() => this.look()),
        offers.onNews((event) => this.hear(event)),
      ]
      // The page stands in the stack only when it is ready.
      wx.nextTick(() => this.look())
    },
    detached() {
      this.here = false
      clearTimeout(this.timer)
      this.offs.forEach((/** @type {() => void} */ off) => off())
    },
  },
  pageLifetimes: {
    show() { this.here = true; this.look() },
    hide() { this.here = false },
  },
  methods: {
    look() {
      if (!this.here) return
      const found = offers.unseen()
      const place = found && !isOpen(found) ? { ...found, deadline: confirmBy(found.offer), when: time.moment(found.startsAt) } : null
      const before = this.data.place
      if (place && (!before || before.offer.id !== place.offer.id)) wx.vibrateShort({ type: 'medium' })
      if (place || before) this.setData({ place })
      if (this.data.word) this.say(this.data.word.title, this.data.word.waitlistId)
    },
    /** The position beside the word is the one of now. @param {string} title @param {string} waitlistId */
    say(title, waitlistId) {
      const found = offers.places().find((place) => place.waitlistId === waitlistId)
      const text = found ? [found.courseName, title === REMINDER ? '' : `您是第${found.position}位候补`].filter(Boolean).join(' · ') : ''
      this.setData({ word: { title, text, waitlistId } })
    },
    /** @param {any} event */
    hear(event) {
      const title = WORDS[event.event]
      if (!this.here || !title) return
      const { waitlist_id: waitlistId } = event.data
      if (title === REMINDER) this.setData({ reminded: event.data.offer_id })
      // Where the seat is being confirmed, that says it itself.
      else if (waitlistId && offers.attended() === waitlistId) return
      this.say(title, waitlistId || '')
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.setData({ word: null }), WORD_MS)
    },
    go() {
      const { place } = this.data
      offers.dismiss(place.offer.id)
      navigate.go(`/pages/waitlist/detail?id=${place.waitlistId}&confirm=1`)
    },
    later() {
      offers.dismiss(this.data.place.offer.id)
    },
  },
})
