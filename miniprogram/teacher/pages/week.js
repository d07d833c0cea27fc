// A teacher's week, day by day.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const navigate = require('../../utils/navigate')
const time = require('../../utils/time')
const { view } = require('../../pages/home/teacher')

const PAGE_SIZE = 100

Page(screen({
  data: { monday: '', title: '', days: [] },

  onLoad() {
    /** @type {any[]} */
    this.slots = []
  },

  onPerson() {
    this.show({ status: 'loading', monday: time.mondayOf(time.today()) })
  },

  async load() {
    const { monday } = this.data
    /** @type {any[]} */
    let slots = []
    for (let page = 1; ; page += 1) {
      const { items, total } = await api.get('/schedules', { from: monday, to: time.addDays(monday, 6), page, page_size: PAGE_SIZE })
      slots = slots.concat(items)
      if (items.length === 0 || slots.length >= total) break
    }
    if (monday !== this.data.monday) return {}
    this.slots = slots
    return { title: `${time.shortDate(monday)}–${time.shortDate(time.addDays(monday, 6))}`, days: this.daysOf() }
  },

  daysOf() {
    return [0, 1, 2, 3, 4, 5, 6].map((index) => {
      const date = time.addDays(this.data.monday, index)
      const items = this.slots.filter((/** @type {any} */ slot) => time.dateOf(slot.starts_at) === date).map(view)
      return { date, name: `${time.shortDate(date)} ${time.weekdayName(date)}`, items }
    })
  },

  topics() {
    return ['coach', ...this.slots.map((/** @type {any} */ slot) => `schedule:${slot.id}`)]
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    const index = this.slots.findIndex((/** @type {any} */ slot) => `schedule:${slot.id}` === topic)
    if (index < 0) return
    this.slots[index] = { ...this.slots[index], ...state.data }
    this.show({ days: this.daysOf() })
  },

  before() {
    this.turn(-7)
  },
  after() {
    this.turn(7)
  },
  /** @param {number} by */
  turn(by) {
    this.slots = []
    this.show({ monday: time.addDays(this.data.monday, by), status: 'loading', days: [] })
    this.refresh()
  },

  /** @param {any} event */
  open({ detail }) {
    navigate.go(`/teacher/pages/roster?id=${detail.id}`)
  },
}))
