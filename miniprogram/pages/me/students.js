// The students I book for: add one, or give one another name.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const session = require('../../utils/session')
const socket = require('../../utils/socket')
const { explain } = require('../../utils/texts')

const RELATIONS = /** @type {Record<string, string>} */ ({ self: '本人', child: '孩子' })

Page(screen({
  data: { students: [], chosen: '', editing: '', nickname: '', fieldProblem: '', refusal: '', busy: false },

  async load() {
    const { items } = await api.get('/students', { page_size: 100 })
    const known = session.get().login.students
    // Written only when it changed: who is logged in is watched by all pages.
    if (JSON.stringify(items) !== JSON.stringify(known)) session.update({ students: items })
    const student = session.student()
    return {
      students: items.map((/** @type {any} */ one) => ({ ...one, relation: RELATIONS[one.relation] || '' })),
      chosen: student ? student.id : '',
    }
  },

  add() {
    this.show({ editing: 'new', nickname: '', fieldProblem: '', refusal: '' })
  },

  /** @param {any} event */
  edit(event) {
    const { id } = event.currentTarget.dataset
    const student = this.data.students.find((/** @type {any} */ one) => one.id === id)
    this.show({ editing: id, nickname: student.nickname, fieldProblem: '', refusal: '' })
  },

  stop() {
    this.show({ editing: '' })
  },

  /** @param {any} event */
  type({ detail }) {
    this.show({ nickname: detail.value, fieldProblem: '' })
  },

  async save() {
    const { busy, editing } = this.data
    const nickname = this.data.nickname.trim()
    if (busy) return
    if (nickname === '') { this.show({ fieldProblem: '请填写名字' }); return }
    this.show({ busy: true, fieldProblem: '', refusal: '' })
    try {
      if (editing === 'new') await api.act('POST', '/students', { nickname, relation: 'child' })
      else await api.act('PUT', route`/students/${editing}`, { nickname })
      this.show({ editing: '', busy: false })
      await this.refresh()
      // A socket knows the students of the moment it was opened.
      if (editing === 'new') { socket.close(); socket.open() }
    } catch (error) {
      const { title } = explain(error)
      this.show(error.field ? { fieldProblem: title, busy: false } : { refusal: title, busy: false })
    }
  },
}))
