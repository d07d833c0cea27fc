// Going from page to page. WeChat keeps ten pages; the eleventh takes the place of the tenth.

const STACK_MAX = 10
const HOME = '/pages/home/index'
const LOGIN = 'pages/login/index'

const TABS = ['pages/home/index', 'pages/calendar/index', 'pages/courses/index', 'pages/messages/index', 'pages/me/index']

/** @param {string} url */
function go(url) {
  const route = url.split('?')[0].replace(/^\//, '')
  if (TABS.includes(route)) wx.switchTab({ url: `/${route}` })
  else if (getCurrentPages().length >= STACK_MAX) wx.redirectTo({ url })
  else wx.navigateTo({ url })
}

/** Back to where one was, or home when this page was opened by a message. */
function back() {
  if (getCurrentPages().length > 1) wx.navigateBack()
  else wx.switchTab({ url: HOME })
}

/** The login page, unless it is open: what was typed on the page below stays. */
function toLogin() {
  const pages = getCurrentPages()
  const top = pages[pages.length - 1]
  if (!top || top.route === LOGIN) return
  go(`/${LOGIN}`)
}

module.exports = { go, back, toLogin, TABS }
