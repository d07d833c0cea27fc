// Who comes to a class and who waits for it, live, and what its teacher does about them.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const soon = require('../../utils/soon')
const { explain } = require('../../utils/texts')
const { bookingRow, queueRow, roundRow, controlsOf } = require('../utils/roster')

const ASK = /** @type {Record<string, {title: string, content: string, confirmText: string}>} */ ({
  block: { title: '暂停预约？', content: '不再接受新的预约，已有的保留。', confirmText: '暂停' },
  complete: { title: '这节课上完了？', content: '没有标记未到课的学员都记为到课。', confirmText: '下课' },
})

Page(screen({
  data: {
    s: {}, when: '', bookings: [], live: 0, queue: [], rounds: [], controls: [], refusal: '', busy: '', cancelling: null, reason: '', cancelProblem: '',
  },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.id = id
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  async load() {
    const roster = await api.get(route`/schedules/${this.id}/roster`)
    const { schedule } = roster
    const now = clock.now()
    const started = now >= Date.parse(schedule.starts_at)
    const bookings = roster.bookings.map((/** @type {any} */ booking) => bookingRow(booking, started))
    return {
      s: schedule,
      when: time.span(schedule.starts_at, schedule.ends_at),
      bookings,
      live: bookings.filter((/** @type {any} */ row) => !row.ended).length,
      queue: roster.queue.map(queueRow),
      rounds: roster.rounds.map(roundRow),
      controls: controlsOf(schedule, now),
    }
  },

  topics() {
    return [`schedule:${this.id}`]
  },

  /** The frame has the counts; names come with the roster. @param {string} topic @param {any} state */
  onState(topic, { data }) {
    const { s } = this.data
    if (this.data.status !== 'ready' || (data.epoch === s.epoch && data.version <= s.version) || data.epoch < s.epoch) return
    this.show({ s: { ...s, ...data } })
    this.later.call()
  },

  /**
   * Does one thing, and answers what was said against it.
   * @param {string} busy
   * @param {'POST' | 'PUT'} method
   * @param {string} path
   * @param {object} body
   */
  async attempt(busy, method, path, body) {
    this.show({ busy, refusal: '', cancelProblem: '' })
    let refusal = ''
    try {
      await api.act(method, path, body)
    } catch (error) {
      const { title, advice } = explain(error)
      refusal = [title, advice].filter(Boolean).join('。')
    }
    this.show({ busy: '' })
    return refusal
  },

  /**
   * @param {string} busy
   * @param {'POST' | 'PUT'} method
   * @param {string} path
   * @param {object} body
   */
  async run(busy, method, path, body) {
    if (this.data.busy) return
    this.show({ refusal: await this.attempt(busy, method, path, body) })
    await this.refresh()
  },

  /** @param {any} event */
  async choose(event) {
    const row = this.data.bookings.find((/** @type {any} */ one) => one.id === event.currentTarget.dataset.id)
    const picked = await wx.showActionSheet({ itemList: row.choices.map((/** @type {any} */ choice) => choice.text) }).catch(() => null)
    if (!picked) return
    const { action } = row.choices[picked.tapIndex]
    if (this.data.busy) return
    if (action === 'cancel') this.show({ cancelling: row, reason: '', cancelProblem: '' })
    else this.run(row.id, 'PUT', route`/bookings/${row.id}/${action}`, {})
  },

  /** @param {any} event */
  typeReason(event) {
    this.show({ reason: event.detail.value })
  },
  keep() {
    if (!this.data.busy) this.show({ cancelling: null })
  },
  /** The sheet stays, with what was typed, until the server has said that it is done. */
  async cancel() {
    const { busy, cancelling, reason } = this.data
    if (busy) return
    const refusal = await this.attempt(cancelling.id, 'PUT', route`/bookings/${cancelling.id}/cancel`, reason.trim() ? { reason: reason.trim() } : {})
    this.show(refusal ? { cancelProblem: refusal } : { cancelling: null })
    await this.refresh()
  },

  /** @param {any} event */
  async control(event) {
    const { action } = event.currentTarget.dataset
    if (ASK[action]) {
      const { confirm } = await wx.showModal({ ...ASK[action], cancelText: '再想想' })
      if (!confirm) return
    }
    await this.run(action, 'POST', route`/schedules/${this.id}/${action}`, {})
  },
}))
