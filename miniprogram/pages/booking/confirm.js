// The last step before a booking: the seat is held while a note is written.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const actions = require('../../utils/actions')
const consent = require('../../utils/consent')
const session = require('../../utils/session')
const time = require('../../utils/time')
const { explain, money } = require('../../utils/texts')

/** Refusals after which this class cannot be booked, whatever one does on this page. */
const FINAL = ['schedule_full', 'seat_on_offer', 'schedule_not_open', 'schedule_started', 'already_booked', 'time_conflict', 'not_enough_hours', 'not_found', 'unknown_schedule']

Page(screen({
  data: {
    s: null, when: '', where: '', price: '', hold: null, lapsed: false, note: '', noteProblem: '', refusal: '', busy: false,
    gone: '', goneText: '',
  },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.id = id
    this.bookingId = ''
    this.left = false
    /** Whose seat is held, by student. */
    this.heldFor = ''
    /** Who is being booked for: their seat is not given back before it is known what became of it. */
    this.submitting = ''
    this.holdTold = false
  },

  onUnload() {
    this.left = true
    this.letGo()
  },

  onVisible() {
    if (this.bookingId) this.finish()
  },

  /** Another student: another seat. */
  onPerson() {
    this.letGo()
    this.show({ hold: null, lapsed: false, gone: '', refusal: '' })
  },

  async load() {
    const student = session.student()
    if (!student) return { gone: '还没有可以预约的学员', goneText: '请先在“我的 · 我的学员”里添加。' }
    const schedule = await api.get(route`/slots/${this.id}`, { student_id: student.id })
    const facts = {
      s: schedule,
      when: time.span(schedule.starts_at, schedule.ends_at),
      where: [schedule.teacher_name, schedule.location].filter(Boolean).join(' · '),
      price: schedule.final_price_fen > 0 ? money(schedule.final_price_fen) : '',
    }
    if (this.heldFor === student.id || this.submitting || this.bookingId || this.data.gone) return facts
    return { ...facts, ...await this.hold(student.id) }
  },

  /** @param {string} studentId */
  async hold(studentId) {
    this.holdTold = false
    try {
      const hold = await actions.hold(this.id, studentId)
      if (!this.isFor(studentId)) {
        this.release(studentId)
        return {}
      }
      this.heldFor = studentId
      return { hold, lapsed: false }
    } catch (error) {
      // Without a hold one may still book, if a seat is left.
      if (error.reason === 'hold_limit') return { hold: null }
      if (!FINAL.includes(error.reason)) throw error
      const { title, advice } = explain(error)
      return { gone: title, goneText: advice }
    }
  },

  /** Who leaves without booking gives the seat back; where that is not heard, it ends by itself. */
  letGo() {
    const studentId = this.heldFor
    this.heldFor = ''
    if (studentId && studentId !== this.submitting && !this.bookingId) this.release(studentId)
  },

  /** @param {string} studentId */
  release(studentId) {
    actions.release(this.id, studentId).catch(explain)
  },

  /** Whether the page is still there, and for this student. @param {string} studentId */
  isFor(studentId) {
    const student = session.student()
    return !this.left && Boolean(student) && student.id === studentId
  },

  topics() {
    return [`schedule:${this.id}`]
  },

  /** The class may be called off, or the hold end, while one writes. @param {string} topic @param {any} state */
  onState(topic, { data }) {
    if (data.mine.hold) this.holdTold = true
    if (this.data.status !== 'ready' || this.bookingId || this.data.busy) return
    if (data.availability === 'revoked') this.show({ gone: '课程已取消', goneText: '可以看看同一课程的其他时间。' })
    else if (data.availability === 'blocked') this.show({ gone: '暂不可预约', goneText: '可以看看其他时间。' })
    // A state from before the hold may arrive after it: only a hold that was told of can be gone.
    else if (this.data.hold && this.holdTold && !data.mine.hold && !data.mine.booking) this.show({ hold: null, lapsed: true })
  },

  expire() {
    this.heldFor = ''
    this.show({ hold: null, lapsed: true })
  },

  /** @param {any} event */
  typeNote({ detail }) {
    this.show({ note: detail.value, noteProblem: '' })
  },

  async submit() {
    if (this.data.busy) return
    // First in the tap, as WeChat wants it; the booking does not wait for the answer.
    const asked = consent.ask('book')
    this.show({ busy: true, refusal: '', noteProblem: '' })
    const { hold, note } = this.data
    const student = session.student()
    this.submitting = student.id
    try {
      const booking = await actions.book({
        schedule_id: this.id,
        profile_id: student.id,
        ...(hold ? { hold_id: hold.hold_id } : {}),
        ...(note.trim() ? { note: note.trim() } : {}),
      })
      this.bookingId = booking.id
      await asked
      if (this.visible) this.finish()
    } catch (error) {
      this.submitting = ''
      const { title, advice, reason } = explain(error)
      if (!this.isFor(student.id)) {
        // Of what is unknown the seat may be booked by now: it is left alone, and the hold ends by itself.
        if (hold && !error.isUnknown) this.release(student.id)
        this.show({ busy: false })
        if (!this.left) this.refresh()
      } else if (error.field === 'note') this.show({ noteProblem: title, busy: false })
      else if (FINAL.includes(reason)) this.show({ gone: title, goneText: advice, busy: false })
      else this.show({ refusal: error.isUnknown ? `${title}。还不知道结果，请再点一次提交。` : title, busy: false })
    }
  },

  /** Only from the page itself: who has gone on is not taken away from where they are. */
  finish() {
    wx.redirectTo({ url: `/pages/booking/detail?id=${this.bookingId}&new=1` })
  },

  back() {
    wx.redirectTo({ url: `/pages/schedules/detail?id=${this.id}` })
  },
}))
