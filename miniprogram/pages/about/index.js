// What this is, for whoever does not want to log in, or not yet.

const session = require('../../utils/session')
const navigate = require('../../utils/navigate')

Page({
  data: { status: 'ready', out: true },

  onShow() {
    this.setData({ out: !session.get().login })
  },

  /** In this page's place: who has logged in goes on where they were before. */
  logIn() {
    wx.redirectTo({ url: '/pages/login/index' })
  },
  home() {
    navigate.go('/pages/home/index')
  },
  /** @param {any} event */
  go(event) {
    navigate.go(event.currentTarget.dataset.url)
  },
})
