// My name and what I say of myself.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const session = require('../../utils/session')
const time = require('../../utils/time')
const { explain } = require('../../utils/texts')

Page(screen({
  data: { nickname: '', signature: '', phone: '', username: '', since: '', problems: {}, refusal: '', busy: false, changed: false },

  async load() {
    const profile = await api.get('/users/profile')
    const facts = { phone: profile.phone || '', username: profile.username || '', since: time.dateOf(profile.created_at) }
    // What is being typed is not taken away by what the server had.
    return this.data.changed ? facts : { ...facts, nickname: profile.nickname, signature: profile.signature }
  },

  /** @param {any} event */
  type(event) {
    const { field } = event.currentTarget.dataset
    this.show({ [field]: event.detail.value, changed: true, problems: { ...this.data.problems, [field]: '' } })
  },

  async save() {
    const { busy, nickname, signature } = this.data
    if (busy) return
    if (nickname.trim() === '') { this.show({ problems: { nickname: '请填写昵称' } }); return }
    this.show({ busy: true, refusal: '', problems: {} })
    try {
      const profile = await api.act('PUT', '/users/profile', { nickname: nickname.trim(), signature: signature.trim() })
      const { login } = session.get()
      session.update({ user: { ...login.user, nickname: profile.nickname }, students: profile.students })
      // What was typed meanwhile is not saved yet.
      this.show({ changed: this.data.nickname !== nickname || this.data.signature !== signature, busy: false })
      wx.showToast({ title: '已保存', icon: 'none' })
    } catch (error) {
      const { title } = explain(error)
      this.show(error.field ? { problems: { [error.field]: title }, busy: false } : { refusal: title, busy: false })
    }
  },
}))
