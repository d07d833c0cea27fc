// One booking: what it is, and what can still be done with it.

const screen = require('../../utils/screen')
const about = require('../../utils/about')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const actions = require('../../utils/actions')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const offers = require('../../utils/offers')
const { bookingView } = require('../../utils/bookings')
const { classView } = require('../../utils/classes')
const { explain, cancellation } = require('../../utils/texts')

const DAYS_AHEAD = 14
const PAGE_SIZE = 100
/** As many times as one can still choose from. */
const OTHERS_MAX = 50
const PAYMENT = /** @type {Record<string, string>} */ ({ paid: '，已支付', refunded: '，已退款', unpaid: '，待支付' })

Page(screen({
  data: {
    isNew: false, demo: false, b: null, view: {}, cancellation: '', nickname: '', paid: '', active: false, ended: false,
    note: '', noteProblem: '', noteChanged: false, refusal: '', busy: '', choosing: false, others: [],
  },

  /** @param {Record<string, string>} query */
  onLoad(query) {
    this.id = query.id
    this.setData({ isNew: query.new === '1' })
  },

  onVisible() {
    this.off = offers.onNews((event) => { if (event.event === 'booking' && event.data.id === this.id) this.refresh() })
  },

  onHidden() {
    this.off()
  },

  async load() {
    const [booking, server] = await Promise.all([
      api.get(route`/bookings/${this.id}`),
      about.load(),
    ])
    const coming = Date.parse(booking.starts_at) > clock.now()
    const active = coming && ['pending', 'confirmed'].includes(booking.status)
    const note = booking.student_note || booking.note || ''
    return {
      b: booking,
      view: bookingView(booking),
      cancellation: booking.status === 'cancelled' ? cancellation(booking) : '',
      nickname: booking.nickname,
      paid: PAYMENT[booking.payment_status] || '',
      demo: server.mode === 'demo',
      active,
      ended: !active && booking.status !== 'confirmed',
      // What is being typed is not taken away by what the server had.
      ...(this.data.noteChanged ? {} : { note }),
    }
  },

  /**
   * Does one thing, and shows what became of it.
   * @param {string} name
   * @param {() => Promise<any>} work
   * @param {string} done
   */
  async run(name, work, done) {
    if (this.data.busy) return false
    this.show({ busy: name, refusal: '' })
    let ok = true
    try {
      await work()
      wx.showToast({ title: done, icon: 'none' })
    } catch (error) {
      const { title, advice } = explain(error)
      this.show({ refusal: `${title}${advice ? `。${advice}` : ''}` })
      ok = false
    }
    this.show({ busy: '' })
    await this.refresh()
    return ok
  },

  pay() {
    return this.run('pay', () => actions.pay(this.id), '支付成功')
  },

  async cancel() {
    const { view, b } = this.data
    const refund = b.payment_status === 'paid' ? '费用将原路退回。' : ''
    const { confirm } = await wx.showModal({
      title: '取消这个预约？', content: `${view.name} ${view.when}。名额会给其他人。${refund}`, confirmText: '取消预约', cancelText: '不取消',
    })
    if (confirm) await this.run('cancel', () => actions.cancel(this.id), '已取消预约')
  },

  /** @param {any} event */
  typeNote({ detail }) {
    this.show({ note: detail.value, noteChanged: true, noteProblem: '' })
  },

  async saveNote() {
    if (this.data.busy) return
    const { note } = this.data
    this.show({ busy: 'note', noteProblem: '' })
    try {
      await actions.note(this.id, note.trim())
      // What was typed meanwhile is not saved yet.
      this.show({ noteChanged: this.data.note !== note })
      wx.showToast({ title: '已保存', icon: 'none' })
    } catch (error) {
      this.show({ noteProblem: explain(error).title })
    }
    this.show({ busy: '' })
  },

  async move() {
    if (this.data.busy) return
    const { b } = this.data
    this.show({ busy: 'others', refusal: '' })
    try {
      this.show({ others: await this.othersOf(b), choosing: true })
    } catch (error) {
      this.show({ refusal: explain(error).title })
    }
    this.show({ busy: '' })
  },

  /** The next classes of the same course with a seat left, from however far down its list. @param {any} booking */
  async othersOf(booking) {
    const today = time.today()
    /** @type {any[]} */
    let others = []
    for (let page = 1; ; page += 1) {
      const { items, total } = await api.get(route`/courses/${booking.course_id}/slots`, {
        from: today, to: time.addDays(today, DAYS_AHEAD), student_id: booking.student_id, page, page_size: PAGE_SIZE,
      })
      const now = clock.now()
      others = others.concat(items
        .filter((/** @type {any} */ slot) => slot.id !== booking.schedule_id && slot.seats_left > 0 && Date.parse(slot.starts_at) > now)
        .map((/** @type {any} */ slot) => classView(slot, now)))
      if (others.length >= OTHERS_MAX || items.length === 0 || page * PAGE_SIZE >= total) return others.slice(0, OTHERS_MAX)
    }
  },

  closeMove() {
    this.show({ choosing: false })
  },

  /** @param {any} event */
  async moveTo(event) {
    this.show({ choosing: false })
    let moved = this.id
    const ok = await this.run('move', async () => {
      moved = (await actions.move(this.id, event.currentTarget.dataset.id)).id
    }, '已改约')
    if (!ok || moved === this.id) return
    // Who has gone on to another page is not taken away from it; coming back, they find the new booking.
    if (this.visible) wx.redirectTo({ url: `/pages/booking/detail?id=${moved}&new=1` })
    else this.id = moved
  },

  openClass() {
    navigate.go(`/pages/schedules/detail?id=${this.data.b.schedule_id}`)
  },
  again() {
    this.openClass()
  },
}))
