// The seven days of a week, with a mark where there are free seats.

const time = require('../../utils/time')

Component({
  properties: {
    monday: String,
    chosen: String,
    /** How many classes with a seat left each day has. */
    free: { type: Object, value: {} },
  },
  data: { days: [], canGoBack: false },
  observers: {
    /** @param {string} monday @param {Record<string, number>} free */
    'monday, free'(monday, free) {
      if (!monday) return
      const today = time.today()
      const days = [0, 1, 2, 3, 4, 5, 6].map((index) => {
        const date = time.addDays(monday, index)
        const count = (free || {})[date] || 0
        return {
          date,
          name: date === today ? '今' : time.weekdayName(date).slice(1),
          number: Number(date.slice(8)),
          free: count > 0,
          past: date < today,
          label: `${time.dayName(date)}，${count > 0 ? `${count}节可约` : '没有可约的课'}`,
        }
      })
      this.setData({ days, canGoBack: monday > today })
    },
  },
  methods: {
    before() {
      if (!this.data.canGoBack) return
      this.triggerEvent('turn', { monday: time.addDays(this.data.monday, -7) })
    },
    after() {
      this.triggerEvent('turn', { monday: time.addDays(this.data.monday, 7) })
    },
    /** @param {any} event */
    pick(event) {
      this.triggerEvent('pick', { date: event.currentTarget.dataset.date })
    },
  },
})
