// Logging in: by WeChat, as somebody of the demo, by a code to one's number, or by a password. Who
// was sent here from another page comes back to it, and finds it as it was.

const about = require('../../utils/about')
const agreement = require('../../utils/agreement')
const device = require('../../utils/device')
const http = require('../../utils/http')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const ticker = require('../../utils/ticker')
const { explain } = require('../../utils/texts')

const PEOPLE = [
  { name: '林小雨', code: 'dev:student:林小雨' },
  { name: '陈一鸣', code: 'dev:student:陈一鸣' },
  { name: '周晓晓', code: 'dev:student:周晓晓' },
  { name: '林老师', code: 'dev:teacher:林老师' },
]

Page({
  data: {
    demo: false, isPage: false, expired: false, people: PEOPLE, way: '', name: '', phone: '', code: '', password: '',
    problems: /** @type {Record<string, string>} */ ({}), notice: '', unknown: '', busy: '', resendIn: 0, agreed: false,
  },

  onLoad() {
    this.count = ticker(() => {
      const resendIn = this.data.resendIn - 1
      this.setData({ resendIn })
      if (resendIn <= 0) this.count.stop()
    })
    const { expired, login } = session.get()
    this.setData({ expired, isPage: device.isPage() })
    if (login) navigate.back()
  },

  onShow() {
    if (!session.get().login) this.look()
  },

  onUnload() {
    this.count.stop()
  },

  /** Which ways there are depends on the server; without its answer it is asked again. */
  async look() {
    try {
      const { mode } = await about.load()
      this.setData({ demo: mode === 'demo', unknown: '' })
    } catch (error) {
      this.setData({ unknown: explain(error).title })
    }
  },

  /** @param {any} event */
  type(event) {
    const { field } = event.currentTarget.dataset
    this.setData({ [field]: event.detail.value, [`problems.${field}`]: '' })
  },

  /** @param {any} event */
  pickWay(event) {
    this.setData({ way: event.currentTarget.dataset.way, problems: {}, notice: '' })
  },

  /** @param {any} event */
  choose(event) {
    const { code } = event.currentTarget.dataset
    this.run('person', () => session.logIn({ code }, { code }))
  },

  enterName() {
    const name = this.data.name.trim()
    if (name === '') { this.setData({ 'problems.name': '请先写一个名字' }); return }
    if (/[/\\?#%]/.test(name)) { this.setData({ 'problems.name': '名字里不能有 / \\ ? # %' }); return }
    const code = `dev:student:${name}`
    this.run('name', () => session.logIn({ code }, { code }))
  },

  weChat() {
    if (!this.isAgreed()) return
    this.run('wechat', () => session.logInByWeChat())
  },

  /** @param {any} event */
  agree(event) {
    this.setData({ agreed: event.detail.value.length > 0, 'problems.agreed': '' })
  },

  /** Before anything of a real person is sent; the demo's people are made up. */
  isAgreed() {
    if (this.data.agreed) agreement.give()
    else this.setData({ 'problems.agreed': '请先阅读并勾选同意' })
    return this.data.agreed
  },

  enter() {
    const { way, phone, code, password } = this.data
    /** @type {Record<string, string>} */
    const problems = {}
    if (phone.trim() === '') problems.phone = way === 'sms' ? '请填写手机号' : '请填写手机号或账号'
    else if (way === 'sms' && !/^\+?\d{6,15}$/.test(phone.trim())) problems.phone = '请填写正确的手机号'
    if (way === 'sms' && !/^\d{6}$/.test(code)) problems.code = '请填写 6 位验证码'
    if (way === 'password' && password === '') problems.password = '请填写密码'
    this.setData({ problems })
    const agreed = this.isAgreed()
    if (Object.keys(problems).length > 0 || !agreed) return
    const isPhone = /^\+?\d{6,15}$/.test(phone.trim())
    const who = isPhone ? { phone: phone.trim() } : { username: phone.trim() }
    this.run('form', () => session.logIn(way === 'sms' ? { ...who, sms_code: code } : { ...who, password }))
  },

  async sendCode() {
    const phone = this.data.phone.trim()
    if (!/^\+?\d{6,15}$/.test(phone)) { this.setData({ 'problems.phone': '请填写正确的手机号' }); return }
    if (!this.isAgreed()) return
    this.setData({ busy: 'code', notice: '' })
    try {
      const { resend_in: resendIn } = await http.send({ method: 'POST', path: '/sms/send', data: { phone, purpose: 'login' } })
      this.setData({ resendIn })
      this.count.start(1000)
    } catch (error) {
      this.fail(error)
    }
    this.setData({ busy: '' })
  },

  /** @param {any} event */
  read(event) {
    navigate.go(event.currentTarget.dataset.url)
  },

  /** Not to log in, or not yet; the page below, and what was typed there, stays. */
  stayOut() {
    wx.redirectTo({ url: '/pages/about/index' })
  },

  /** @param {string} busy @param {() => Promise<any>} work */
  async run(busy, work) {
    if (this.data.busy) return
    this.setData({ busy, notice: '' })
    try {
      await work()
    } catch (error) {
      this.fail(error)
      this.setData({ busy: '' })
      return
    }
    navigate.back()
  },

  /** Beside the field when the server names one. @param {any} error */
  fail(error) {
    const { title } = explain(error)
    const field = /** @type {Record<string, string>} */ ({ phone: 'phone', username: 'phone', sms_code: 'code', password: 'password', code: 'name' })[error.field]
    if (field) this.setData({ [`problems.${field}`]: title })
    else this.setData({ notice: title })
  },
})
