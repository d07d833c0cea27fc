// A place in line, live; the seat on offer is confirmed here.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const actions = require('../../utils/actions')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const soon = require('../../utils/soon')
const time = require('../../utils/time')
const { confirmBy, isInLine } = require('../../utils/standing')
const { seatOn } = require('../../utils/places')
const { endingOf } = require('../../utils/endings')
const { explain } = require('../../utils/texts')

Page(screen({
  data: {
    e: null, s: null, when: '', nickname: '', cutoff: '', offer: null, deadline: '', active: false, ending: {}, refusal: '', busy: false,
  },

  /** @param {Record<string, string>} query */
  onLoad(query) {
    this.id = query.id
    /** That whoever opened this page wants to confirm at once. */
    this.hurried = query.confirm === '1'
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.off = offers.onNews((event) => {
      if (event.data.waitlist_id === this.id || event.event === 'booking') this.later.call()
    })
  },

  onHidden() {
    this.off()
  },

  async load() {
    const entry = await api.get(route`/waitlist/${this.id}`)
    const active = isInLine(entry)
    const [schedule, ending] = await Promise.all([
      api.get(route`/slots/${entry.schedule_id}`, { student_id: entry.student_id }),
      active ? {} : endingOf(entry),
    ])
    return {
      e: entry,
      when: time.span(schedule.starts_at, schedule.ends_at),
      nickname: session.nicknameOf(entry.student_id),
      active,
      ending,
      ...this.viewOf(schedule),
    }
  },

  /** @param {any} schedule */
  viewOf(schedule) {
    const { offer } = schedule.mine
    return {
      s: schedule,
      cutoff: schedule.waitlist.open ? `${time.moment(schedule.cutoff_at)} 截止` : '候补已截止',
      offer,
      deadline: offer ? confirmBy(offer) : '',
    }
  },

  topics() {
    // The socket tells of the chosen student; for another one's place the page asks again at each event.
    const student = session.student()
    const { e } = this.data
    return e && student && e.student_id === student.id ? [`schedule:${e.schedule_id}`] : []
  },

  /** @param {string} topic @param {any} state */
  onState(topic, { data }) {
    const { e, s } = this.data
    if (this.data.status !== 'ready' || (s && (data.epoch < s.epoch || (data.epoch === s.epoch && data.version < s.version)))) return
    const entry = data.mine.waitlist_entry
    if (entry) this.show({ ...this.viewOf({ ...s, ...data }), e: { ...e, position: entry.position, status: entry.status } })
    else this.later.call()
  },

  /** Opens the sheet once, when the page was opened to confirm. */
  onLoaded() {
    if (!this.hurried || !this.visible) return
    this.hurried = false
    if (this.data.offer) this.confirm()
    else if (this.data.active) wx.showToast({ title: '这个名额已经结束', icon: 'none' })
  },

  confirm() {
    const { s, offer, nickname } = this.data
    if (offer) this.selectComponent('#sheet').open(seatOn(this.id, offer, s, nickname))
  },

  async leave() {
    if (this.data.busy) return
    const { confirm } = await wx.showModal({ title: '取消候补？', content: '再次加入会排到队尾。', confirmText: '取消候补', cancelText: '再想想' })
    if (!confirm) return
    this.show({ busy: true, refusal: '' })
    try {
      await actions.leave(this.id)
      wx.showToast({ title: '已取消候补', icon: 'none' })
    } catch (error) {
      this.show({ refusal: explain(error).title })
    }
    this.show({ busy: false })
    this.refresh()
  },

  openClass() {
    navigate.go(`/pages/schedules/detail?id=${this.data.e.schedule_id}`)
  },
  openStatus() {
    navigate.go(`/pages/waitlist/status?id=${this.id}`)
  },
  openBookings() {
    navigate.go('/pages/booking/list')
  },
  openOthers() {
    navigate.go(`/pages/booking/choose?course=${this.data.s.course_id}`)
  },
}))
