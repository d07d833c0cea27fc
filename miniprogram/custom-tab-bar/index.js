// The tab bar: students and teachers see different tabs of the same pages.

const session = require('../utils/session')
const inbox = require('../utils/inbox')

const COMMON = [
  { route: 'pages/calendar/index', text: '日历', icon: 'calendar' },
  { route: 'pages/messages/index', text: '消息', icon: 'messages' },
  { route: 'pages/me/index', text: '我的', icon: 'me' },
]
const STUDENT = [
  { route: 'pages/home/index', text: '首页', icon: 'home' },
  COMMON[0],
  { route: 'pages/courses/index', text: '课程', icon: 'courses' },
  COMMON[1],
  COMMON[2],
]
const TEACHER = [{ route: 'pages/home/index', text: '今日', icon: 'home' }, ...COMMON]

Component({
  data: { list: STUDENT, selected: 'pages/home/index', unread: 0 },
  lifetimes: {
    attached() {
      this.offs = [session.watch(() => this.read()), inbox.watch(() => this.read())]
      this.read()
    },
    detached() {
      this.offs.forEach((/** @type {() => void} */ off) => off())
    },
  },
  methods: {
    read() {
      const list = session.isTeacher() ? TEACHER : STUDENT
      const unread = inbox.unread()
      if (list !== this.data.list || unread !== this.data.unread) this.setData({ list, unread })
    },
    /** What the page that is shown says of itself. @param {string} route */
    select(route) {
      if (route !== this.data.selected) this.setData({ selected: route })
    },
    /** @param {any} event */
    go(event) {
      wx.switchTab({ url: `/${event.currentTarget.dataset.route}` })
    },
  },
})
