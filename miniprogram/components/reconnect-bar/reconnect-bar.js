// Says so whenever what is shown may be out of date.

const socket = require('../../utils/socket')

/** A connection takes a moment; only what takes longer is worth a word. */
const PATIENCE_MS = 2500

Component({
  data: { broken: false },
  lifetimes: {
    attached() {
      this.off = socket.watch(() => this.look())
      this.look()
    },
    detached() {
      clearTimeout(this.timer)
      this.off()
    },
  },
  methods: {
    look() {
      clearTimeout(this.timer)
      const link = socket.link()
      if (link === 'waiting') this.say(true)
      else if (link === 'connecting') this.timer = setTimeout(() => this.say(socket.link() === 'connecting'), PATIENCE_MS)
      else this.say(false)
    },
    /** @param {boolean} broken */
    say(broken) {
      if (this.data.broken !== broken) this.setData({ broken })
    },
    wake() {
      socket.wake()
    },
  },
})
