// One course, and its classes to come.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const session = require('../../utils/session')
const listing = require('../../utils/listing')
const navigate = require('../../utils/navigate')
const clock = require('../../utils/clock')
const { classView } = require('../../utils/classes')
const { courseView } = require('../../utils/courses')

/** Those in sight; the rest are told when they are opened. */
const WATCHED_MAX = 40

Page(screen({
  data: { course: {}, confirms: '', items: [], total: 0, more: false, loadingMore: false },

  /** @param {Record<string, string>} query */
  onLoad({ id }) {
    this.id = id
    /** @type {any[]} */
    this.rows = []
  },

  async load() {
    const [course, list] = await Promise.all([api.get(route`/courses/${this.id}`), listing.first(this)])
    return { course: courseView(course), confirms: course.confirm_mode === 'teacher' ? '预约后由老师确认' : '', ...list }
  },

  /** @param {number} page @param {number} size */
  fetchRows(page, size) {
    const student = session.student()
    return api.get(route`/courses/${this.id}/slots`, { student_id: student ? student.id : '', page, page_size: size })
  },

  /** @param {any} slot */
  rowView: (slot) => classView(slot, clock.now()),

  topics() {
    return this.rows.slice(0, WATCHED_MAX).map((/** @type {any} */ slot) => `schedule:${slot.id}`)
  },

  /** @param {string} topic @param {any} state */
  onState(topic, state) {
    listing.patchRow(this, topic, state)
  },

  onReachBottom() {
    return listing.onward(this)
  },

  choose() {
    navigate.go(`/pages/booking/choose?course=${this.id}`)
  },
  /** @param {any} event */
  open({ detail }) {
    navigate.go(`/pages/schedules/detail?id=${detail.id}`)
  },
}))
