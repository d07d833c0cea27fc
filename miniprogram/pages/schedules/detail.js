// One class, live: its seats, its queue, and what its visitor can do now.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const actions = require('../../utils/actions')
const consent = require('../../utils/consent')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const time = require('../../utils/time')
const { standingOf } = require('../../utils/standing')
const { seatOn } = require('../../utils/places')
const { explain, money } = require('../../utils/texts')

/** @type {Record<string, {text: string, style: string}>} */
const BUTTONS = {
  accept: { text: '有名额，立即预约', style: 'hot' },
  decline: { text: '放弃这个名额', style: 'quiet' },
  leave: { text: '取消候补', style: 'danger' },
  book: { text: '立即预约', style: 'main' },
  join: { text: '加入候补', style: 'main' },
  pay: { text: '去支付', style: 'main' },
  open: { text: '查看我的预约', style: 'quiet' },
}

Page(screen({
  data: {
    id: '', s: null, when: '', where: '', price: '', cutoff: '', standing: {}, buttons: [], rounds: [], busy: '', refusal: '',
  },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.setData({ id })
  },

  onPerson() {
    // What could be done for the one before is not for this one: nothing is offered until the server has said what is.
    this.show({ refusal: '', standing: {}, buttons: [], status: this.data.s ? 'ready' : 'loading' })
  },

  async load() {
    const mine = this.loads
    const student = session.student()
    const schedule = await api.get(route`/slots/${this.data.id}`, { student_id: student ? student.id : '' })
    // By now it may be another student who looks: then this is not theirs.
    return this.loads === mine ? this.view(schedule) : {}
  },

  topics() {
    return [`schedule:${this.data.id}`]
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    if (this.data.status === 'ready') this.show(this.view({ ...this.data.s, ...state.data }))
  },

  /** What is newer stays: an answer may come after the frame that followed it. @param {any} schedule */
  view(schedule) {
    const { s } = this.data
    const student = session.student()
    const isOlder = s && s.id === schedule.id && this.seenFor === (student && student.id)
      && (schedule.epoch < s.epoch || (schedule.epoch === s.epoch && schedule.version < s.version))
    if (isOlder) return {}
    this.seenFor = student && student.id
    const standing = standingOf(schedule, clock.now())
    return {
      s: schedule,
      when: time.span(schedule.starts_at, schedule.ends_at),
      where: [schedule.teacher_name, schedule.location].filter(Boolean).join(' · '),
      price: schedule.final_price_fen > 0 ? money(schedule.final_price_fen) : '',
      cutoff: schedule.waitlist.open ? `候补 ${time.moment(schedule.cutoff_at)} 截止` : '',
      standing,
      // Two seats that are offered at one instant have one deadline; nothing else tells them apart.
      rounds: schedule.rounds.map((/** @type {any} */ round, /** @type {number} */ place) => ({ ...round, place })),
      buttons: standing.actions.map((action) => ({ action, ...BUTTONS[action] })),
    }
  },

  /** @param {any} event */
  async act(event) {
    if (this.data.busy) return
    const { action } = event.currentTarget.dataset
    // Staff and teachers may look at a class without having anybody to book for.
    const student = session.student()
    if (!student) { navigate.go('/pages/me/students'); return }
    if (this.seenFor !== student.id) return
    // First in the tap, as WeChat wants it.
    const asked = action === 'join' ? consent.ask('join') : null
    if (action === 'accept') { this.openSheet(); return }
    if (action === 'book') { navigate.go(`/pages/booking/confirm?id=${this.data.id}`); return }
    if (action === 'open' || action === 'pay') { navigate.go(`/pages/booking/detail?id=${this.data.s.mine.booking.id}`); return }
    this.show({ busy: action, refusal: '' })
    try {
      const done = await this.perform(action)
      if (asked) await asked
      if (done) wx.showToast({ title: done, icon: 'none' })
    } catch (error) {
      const { title, advice } = explain(error)
      this.show({ refusal: [title, advice].filter(Boolean).join('。').replace(/。。/g, '。') })
    }
    this.show({ busy: '' })
    this.refresh()
  },

  /** @param {string} action */
  async perform(action) {
    const { s } = this.data
    const student = session.student()
    if (action === 'join') {
      const { position } = await actions.join(s.id, student.id)
      return `已候补，您是第${position}位候补`
    }
    const leaving = action === 'leave'
    const { confirm } = await wx.showModal({
      title: leaving ? '取消候补？' : '放弃这个名额？',
      content: leaving ? '再次加入会排到队尾。' : '名额会给其他候补用户。',
      confirmText: leaving ? '取消候补' : '放弃',
      cancelText: '再想想',
    })
    if (!confirm) return ''
    if (leaving) await actions.leave(s.mine.waitlist_entry.id)
    else await actions.decline(s.mine.waitlist_entry.id, s.mine.offer.id)
    return leaving ? '已取消候补' : '已放弃这个名额'
  },

  openSheet() {
    const { s } = this.data
    const { waitlist_entry: entry, offer } = s.mine
    const student = session.student()
    this.selectComponent('#sheet').open(seatOn(entry.id, offer, s, student ? student.nickname : ''))
  },

  /** A deadline passed; the server says what that means. */
  expire() {
    this.refresh()
  },

  openOthers() {
    navigate.go(`/pages/booking/choose?course=${this.data.s.course_id}`)
  },
  openCourse() {
    navigate.go(`/pages/courses/detail?id=${this.data.s.course_id}`)
  },
}))
