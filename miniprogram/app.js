const session = require('./utils/session')
const socket = require('./utils/socket')
const offers = require('./utils/offers')
const inbox = require('./utils/inbox')
const consent = require('./utils/consent')
const about = require('./utils/about')
const http = require('./utils/http')

/** On the device the socket is dropped about five seconds after the app was left. */
const REST_MS = 4000

App({
  onLaunch() {
    this.account = ''
    session.watch(() => this.follow())
    about.watch(() => socket.pace())
    wx.onNetworkStatusChange(({ isConnected }) => { if (isConnected) socket.wake() })
    session.start()
    this.offerUpdate()
  },

  onShow() {
    clearTimeout(this.resting)
    this.inFront = true
    about.load().catch(this.unless)
    this.follow()
    socket.wake()
  },

  onHide() {
    this.inFront = false
    this.resting = setTimeout(() => socket.close(), REST_MS)
  },

  /** Connects as whoever is logged in; as another person, with nothing left of the one before. */
  follow() {
    const { login } = session.get()
    const account = login ? login.user.id : ''
    if (account !== this.account) {
      this.account = account
      offers.end()
      inbox.end()
      socket.close()
      socket.forget()
      consent.forget()
    }
    if (!login || !this.inFront) return
    const isNew = socket.link() === 'off'
    socket.open()
    if (session.isStudent()) offers.start()
    inbox.start()
    if (isNew) consent.load()
  },

  /** Without an answer it is asked again when the app is next shown. @param {any} error */
  unless(error) {
    if (!http.isApiError(error)) throw error
  },

  /** A new version is offered when it is there, and never put in place under somebody's hands. */
  offerUpdate() {
    const manager = wx.getUpdateManager()
    manager.onUpdateReady(async () => {
      const { confirm } = await wx.showModal({ title: '有新版本', content: '新版本已准备好，重启后生效。', confirmText: '重启', cancelText: '稍后' })
      if (confirm) manager.applyUpdate()
    })
  },

  account: '',
  inFront: false,
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  resting: undefined,
})
