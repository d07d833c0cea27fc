// A month with its free days; below, the classes of the chosen day, or of a week those with a seat left.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const session = require('../../utils/session')
const listing = require('../../utils/listing')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const soon = require('../../utils/soon')
const offers = require('../../utils/offers')
const { classView } = require('../../utils/classes')
const { view: teacherView } = require('../home/teacher')

Page(screen({
  data: {
    month: '', date: '', week: '', days: {}, teaching: false, title: '', items: [], total: 0, more: false,
    loadingMore: false, fetching: false, failed: false,
  },

  onLoad() {
    this.rows = []
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.off = offers.onNews(() => this.later.call())
  },

  onHidden() {
    this.off()
  },

  /** Another student of the same account sees the day that was chosen; two places of one day are compared so. */
  onPerson() {
    const today = time.today()
    const { date, week } = this.data
    this.rows = []
    this.show({
      status: 'loading', month: this.data.month || today.slice(0, 7), date: date || week ? date : today, items: [], days: {}, teaching: session.isTeacher(),
    })
  },

  async load() {
    const [days, list] = await Promise.all([this.loadDays(this.data.month), listing.first(this)])
    return { days, ...list, title: this.titleOf(), fetching: false, failed: false }
  },

  onFailed() {
    if (this.data.fetching) this.show({ fetching: false, failed: true })
  },

  /** @param {string} month */
  async loadDays(month) {
    const { days } = await api.get('/slots/month', { month, ...this.whose() })
    return Object.fromEntries(days.map((/** @type {any} */ day) => [day.date, day]))
  },

  /** A teacher sees the classes they give; a student all, with their own marked. */
  whose() {
    const { login } = session.get()
    if (session.isTeacher()) return { teacher_id: login.user.teacher_id }
    const student = session.student()
    return { student_id: student ? student.id : '' }
  },

  titleOf() {
    const { date, week } = this.data
    if (!week) return time.dayName(date)
    return `${time.shortDate(week)}–${time.shortDate(time.addDays(week, 6))}${this.data.teaching ? '' : ' 可约的课'}`
  },

  /** @param {number} page @param {number} size */
  fetchRows(page, size) {
    const { date, week, teaching } = this.data
    const paging = { page, page_size: size }
    if (teaching) return api.get('/schedules', { from: week || date, to: week ? time.addDays(week, 6) : date, ...paging })
    if (week) return api.get('/slots/week', { startDate: week, ...this.whose(), ...paging })
    return api.get('/slots', { date, ...this.whose(), ...paging })
  },

  /** @param {any} slot */
  rowView(slot) {
    return this.data.teaching ? teacherView(slot) : classView(slot, clock.now())
  },

  topics() {
    const classes = this.rows.slice(0, 60).map((/** @type {any} */ slot) => `schedule:${slot.id}`)
    return this.data.teaching ? ['coach', ...classes] : classes
  },

  /** A booking on a class of theirs may change the mark of any day. */
  onEvent() {
    this.later.call()
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    listing.patchRow(this, topic, state)
  },

  onReachBottom() {
    return listing.onward(this)
  },

  /** @param {any} event */
  turn({ detail }) {
    this.show({ month: detail.month, days: {} })
    this.refresh()
  },

  /** @param {any} event */
  pick({ detail }) {
    this.choose({ date: detail.date, week: '', month: detail.date.slice(0, 7) })
  },

  /** @param {any} event */
  pickWeek({ detail }) {
    this.choose({ week: detail.monday, date: '' })
  },

  /** @param {object} chosen */
  choose(chosen) {
    this.rows = []
    this.show({ ...chosen, items: [], total: 0, more: false, fetching: true, failed: false })
    this.show({ title: this.titleOf() })
    this.refresh()
  },

  /** @param {any} event */
  open({ detail }) {
    navigate.go(this.data.teaching ? `/teacher/pages/roster?id=${detail.id}` : `/pages/schedules/detail?id=${detail.id}`)
  },
}))
