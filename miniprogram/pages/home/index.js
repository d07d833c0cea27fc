// Today: a student's next class and what is on offer to them; a teacher's classes and what is booked.

const screen = require('../../utils/screen')
const session = require('../../utils/session')
const inbox = require('../../utils/inbox')
const offers = require('../../utils/offers')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const soon = require('../../utils/soon')
const { classView } = require('../../utils/classes')
const { placeView } = require('../../utils/places')
const student = require('./student')
const teacher = require('./teacher')

const FEED_MAX = 5

Page(screen({
  data: { today: '', nickname: '', teaching: false, offers: [], waits: [], next: null, classes: [], feed: [] },

  onLoad() {
    /** @type {Map<string, any>} */
    this.slots = new Map()
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.watches = [
      offers.watch(() => this.paintPlaces()),
      offers.onNews((event) => { if (event.event === 'booking') this.later.call() }),
    ]
    inbox.load()
  },

  onHidden() {
    this.watches.forEach((/** @type {() => void} */ off) => off())
  },

  onPerson() {
    this.slots.clear()
    this.show({ status: 'loading', classes: [], next: null, feed: [], teaching: session.isTeacher() })
  },

  async load() {
    const { login } = session.get()
    const teaching = session.isTeacher()
    const mine = this.loads
    const own = teaching ? await teacher.load() : await student.load()
    const names = teaching ? await teacher.namesOf(this.data.feed) : new Map()
    // Somebody else is looking by now, or it is asked anew: what is here is not for this page any more.
    if (this.loads !== mine) return {}
    this.slots = new Map(own.slots.map((/** @type {any} */ slot) => [slot.id, slot]))
    const today = time.today()
    this.paintPlaces()
    return {
      today: `${time.shortDate(today)} ${time.weekdayName(today)}`,
      nickname: login.user.nickname,
      teaching,
      next: own.next,
      classes: this.classViews(),
      feed: this.data.feed.map((/** @type {any} */ row) => teacher.named(row, names)),
    }
  },

  classViews() {
    return Array.from(this.slots.values()).map((slot) => (session.isTeacher() ? teacher.view(slot) : classView(slot, clock.now())))
  },

  paintPlaces() {
    const places = offers.places()
    this.show({
      offers: places.filter((place) => place.offer).map(placeView),
      waits: places.filter((place) => !place.offer).slice(0, 3).map(placeView),
    })
  },

  topics() {
    const classes = Array.from(this.slots.keys()).map((id) => `schedule:${id}`)
    return session.isTeacher() ? ['coach', ...classes] : classes
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    const id = topic.slice('schedule:'.length)
    const slot = this.slots.get(id)
    if (!slot) return
    this.slots.set(id, { ...slot, ...state.data })
    this.show({ classes: this.classViews() })
  },

  /** @param {any} event @param {string} topic */
  onEvent(event, topic) {
    if (topic !== 'coach' || event.event !== 'booking') return
    const known = new Map(this.data.feed.map((/** @type {any} */ row) => [row.key, row.who]))
    const line = teacher.named(teacher.line(event, this.slots), known)
    const feed = [line, ...this.data.feed.filter((/** @type {any} */ row) => row.key !== line.key)]
    this.show({ feed: feed.slice(0, FEED_MAX) })
    this.later.call()
  },

  /** @param {any} event */
  openClass({ detail }) {
    navigate.go(`/pages/schedules/detail?id=${detail.id}`)
  },
  /** @param {any} event */
  openBooking({ detail }) {
    navigate.go(`/pages/booking/detail?id=${detail.id}`)
  },
  /** @param {any} event */
  openRoster({ detail }) {
    navigate.go(`/teacher/pages/roster?id=${detail.id}`)
  },
  /** @param {any} event */
  openPlace({ detail }) {
    navigate.go(`/pages/waitlist/detail?id=${detail.id}`)
  },
  /** @param {any} event */
  confirmPlace({ detail }) {
    navigate.go(`/pages/waitlist/detail?id=${detail.id}&confirm=1`)
  },
  openBookings() {
    navigate.go('/pages/booking/list')
  },
  openWaits() {
    navigate.go('/pages/waitlist/index')
  },
  openCalendar() {
    navigate.go('/pages/calendar/index')
  },
  openWeek() {
    navigate.go('/teacher/pages/week')
  },
}))
