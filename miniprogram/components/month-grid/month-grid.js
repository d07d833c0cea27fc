// A month from Monday to Sunday: a swipe or an arrow turns it, a day or a week is chosen in it.

const time = require('../../utils/time')

const SWIPE_MIN = 50
const STUDENT = [{ mark: 'free', name: '可约' }, { mark: 'booked', name: '已约' }, { mark: 'waiting', name: '候补' }]
const TEACHER = [{ mark: 'booked', name: '有课' }, { mark: 'free', name: '有空位' }]

Component({
  properties: {
    month: String,
    chosen: String,
    /** The Monday of the chosen week, or empty. */
    chosenWeek: String,
    /** What is on each day, by date. */
    days: { type: Object, value: {} },
    teaching: Boolean,
  },
  data: { title: '', weeks: [], legend: STUDENT },
  observers: {
    'month, days, teaching'() {
      this.paint()
    },
  },
  methods: {
    paint() {
      const { month, days, teaching } = this.data
      if (!month) return
      const today = time.today()
      const weeks = time.weeksOf(month).map((dates) => ({
        monday: dates[0],
        label: `${time.shortDate(dates[0])}到${time.shortDate(dates[6])}这一周`,
        days: dates.map((date) => this.dayView(date, (days || {})[date], today)),
      }))
      this.setData({
        title: `${Number(month.slice(0, 4))}年${Number(month.slice(5))}月`,
        weeks,
        legend: teaching ? TEACHER : STUDENT,
      })
    },
    /**
     * @param {string} date
     * @param {any} told
     * @param {string} today
     */
    dayView(date, told, today) {
      const { month, teaching } = this.data
      const day = told || { classes: 0, free: 0, mine_booked: 0, mine_waiting: 0 }
      const booked = teaching ? day.classes : day.mine_booked
      const words = [time.shortDate(date), time.weekdayName(date)]
      if (date === today) words.push('今天')
      if (day.free > 0) words.push(`${day.free}节有空位`)
      if (booked > 0) words.push(teaching ? `${booked}节课` : `已约${booked}节`)
      if (day.mine_waiting > 0) words.push(`候补${day.mine_waiting}节`)
      return {
        date,
        number: Number(date.slice(8)),
        other: date.slice(0, 7) !== month,
        past: date < today,
        today: date === today,
        free: day.free > 0,
        booked: booked > 0,
        waiting: day.mine_waiting > 0,
        label: words.join('，'),
      }
    },
    before() {
      this.turn(-1)
    },
    after() {
      this.turn(1)
    },
    /** @param {number} by */
    turn(by) {
      this.triggerEvent('turn', { month: time.addMonths(this.data.month, by) })
    },
    /** @param {any} event */
    press(event) {
      const touch = event.changedTouches && event.changedTouches[0]
      this.from = touch ? { x: touch.pageX, y: touch.pageY } : null
    },
    /** @param {any} event */
    release(event) {
      const touch = event.changedTouches && event.changedTouches[0]
      if (!touch || !this.from) return
      const across = touch.pageX - this.from.x
      const down = touch.pageY - this.from.y
      this.from = null
      if (Math.abs(across) >= SWIPE_MIN && Math.abs(across) > 2 * Math.abs(down)) this.turn(across < 0 ? 1 : -1)
    },
    /** @param {any} event */
    pick(event) {
      this.triggerEvent('pick', { date: event.currentTarget.dataset.date })
    },
    /** @param {any} event */
    pickWeek(event) {
      this.triggerEvent('week', { monday: event.currentTarget.dataset.date })
    },
  },
})
