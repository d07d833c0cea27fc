// All courses; a school has some dozens, so they are searched and filtered where they are.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const navigate = require('../../utils/navigate')
const { courseView } = require('../../utils/courses')
const { COURSE_KINDS } = require('../../utils/texts')

const PAGE_SIZE = 100
const KINDS = [{ id: '', name: '全部' }].concat(COURSE_KINDS.map((name, kind) => ({ id: String(kind), name })))

Page(screen({
  data: { q: '', kind: '', kinds: KINDS, items: [] },

  onLoad() {
    /** @type {any[]} */
    this.courses = []
  },

  async load() {
    /** @type {any[]} */
    let courses = []
    for (let page = 1; ; page += 1) {
      const { items, total } = await api.get('/courses', { page, page_size: PAGE_SIZE })
      courses = courses.concat(items)
      if (items.length === 0 || courses.length >= total) break
    }
    this.courses = courses
    return { items: this.found() }
  },

  found() {
    const { kind } = this.data
    const q = this.data.q.trim().toLowerCase()
    return this.courses
      .filter((/** @type {any} */ course) => kind === '' || String(course.kind) === kind)
      .filter((/** @type {any} */ course) => `${course.name} ${course.category}`.toLowerCase().includes(q))
      .map(courseView)
  },

  /** @param {any} event */
  type(event) {
    this.show({ q: event.detail.value })
    this.show({ items: this.found() })
  },

  clear() {
    this.show({ q: '' })
    this.show({ items: this.found() })
  },

  all() {
    this.show({ q: '', kind: '' })
    this.show({ items: this.found() })
  },

  /** @param {any} event */
  choose(event) {
    this.show({ kind: event.currentTarget.dataset.id })
    this.show({ items: this.found() })
  },

  /** @param {any} event */
  open(event) {
    navigate.go(`/pages/courses/detail?id=${event.currentTarget.dataset.id}`)
  },
}))
