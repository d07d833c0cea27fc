// Choosing a time for a course: a week of days, and the classes of the chosen one.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const { classView } = require('../../utils/classes')

Page(screen({
  data: { name: '', monday: '', date: '', free: {}, items: [], fetching: false },

  /** @param {Record<string, string>} query */
  onLoad({ course }) {
    this.course = course
    /** @type {any[]} */
    this.slots = []
  },

  onPerson() {
    const today = time.today()
    this.show({ status: 'loading', monday: this.data.monday || time.mondayOf(today), date: this.data.date || today })
  },

  async load() {
    const { monday } = this.data
    const mine = this.loads
    const student = session.student()
    const [course, week] = await Promise.all([
      api.get(route`/courses/${this.course}`),
      api.get(route`/courses/${this.course}/slots`, {
        from: monday, to: time.addDays(monday, 6), student_id: student ? student.id : '', page_size: 100,
      }),
    ])
    // Another week, or another student's, is on its way: these classes are not for this page any more.
    if (this.loads !== mine) return {}
    this.slots = week.items
    return { name: course.name, fetching: false, ...this.paint() }
  },

  onFailed() {
    this.show({ fetching: false })
  },

  paint() {
    const now = clock.now()
    /** @type {Record<string, number>} */
    const free = {}
    this.slots.forEach((/** @type {any} */ slot) => {
      const date = time.dateOf(slot.starts_at)
      if (slot.seats_left > 0 && Date.parse(slot.starts_at) > now) free[date] = (free[date] || 0) + 1
    })
    const items = this.slots
      .filter((/** @type {any} */ slot) => time.dateOf(slot.starts_at) === this.data.date)
      .map((/** @type {any} */ slot) => classView(slot, now))
    return { free, items }
  },

  topics() {
    return this.slots.map((/** @type {any} */ slot) => `schedule:${slot.id}`)
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    this.slots = this.slots.map((/** @type {any} */ slot) => (`schedule:${slot.id}` === topic ? { ...slot, ...state.data } : slot))
    this.show(this.paint())
  },

  /** @param {any} event */
  pick({ detail }) {
    this.show({ date: detail.date })
    this.show(this.paint())
  },

  /** @param {any} event */
  turn({ detail }) {
    const today = time.today()
    this.slots = []
    this.show({ monday: detail.monday, date: detail.monday < today ? today : detail.monday, items: [], free: {}, fetching: true })
    this.refresh()
  },

  /** @param {any} event */
  open({ detail }) {
    navigate.go(`/pages/schedules/detail?id=${detail.id}`)
  },
}))
