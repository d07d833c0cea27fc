// Time left until an instant of the server. Ticks are never counted: each looks at the clock.

const clock = require('../../utils/clock')
const time = require('../../utils/time')

const URGENT_MS = 60000

Component({
  properties: {
    deadline: { type: String, observer() { this.begin() } },
    /** What stands there when time is up. */
    over: { type: String, value: '00:00' },
  },
  data: { text: '', label: '', urgent: false },
  lifetimes: {
    attached() {
      this.here = true
      this.off = clock.watch(() => this.tick())
      this.begin()
    },
    detached() {
      this.here = false
      clearTimeout(this.timer)
      this.off()
    },
  },
  pageLifetimes: {
    show() { this.begin() },
    hide() { clearTimeout(this.timer) },
  },
  methods: {
    begin() {
      if (!this.here) return
      this.tick()
    },
    tick() {
      clearTimeout(this.timer)
      if (!this.data.deadline) return
      const left = time.until(this.data.deadline)
      this.paint(left)
      if (left > 0) {
        // At the next full second of what is left, so that the figures change evenly.
        this.timer = setTimeout(() => this.tick(), left % 1000 || 1000)
      } else if (this.toldOf !== this.data.deadline) {
        this.toldOf = this.data.deadline
        this.triggerEvent('expire', { deadline: this.data.deadline })
      }
    },
    /** @param {number} left */
    paint(left) {
      const text = left > 0 ? time.countdown(left) : this.data.over
      // Said minute by minute: a screen reader must not read every second.
      const label = left > 0 ? `剩余${time.spoken(Math.ceil(left / 60000) * 60000)}内` : '时间到'
      const urgent = left > 0 && left <= URGENT_MS
      const now = this.data
      if (text !== now.text || label !== now.label || urgent !== now.urgent) this.setData({ text, label, urgent })
    },
  },
})
