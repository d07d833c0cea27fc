// Who I am here, and the ways to what is mine.

const screen = require('../../utils/screen')
const about = require('../../utils/about')
const session = require('../../utils/session')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const inbox = require('../../utils/inbox')

const ROLES = /** @type {Record<string, string>} */ ({
  student: '学员', parent: '家长', teacher: '老师', operator: '运营', admin: '管理员', owner: '校长',
})
const TEXTS = [
  { url: '/pages/about/index', name: '关于约课' },
  { url: '/pages/about/terms', name: '用户协议' },
  { url: '/pages/about/privacy', name: '隐私说明' },
]
const OWN = [
  { url: '/pages/me/consent', name: '微信通知', icon: 'bell' },
  { url: '/pages/me/sessions', name: '登录设备', icon: 'device' },
]

Page(screen({
  data: { user: {}, initial: '', about: '', teaching: false, links: [], texts: TEXTS, server: '' },

  onVisible() {
    this.off = offers.watch(() => this.refresh())
    inbox.load()
  },

  onHidden() {
    this.off()
  },

  async load() {
    const { login } = session.get()
    const server = await about.load()
    const teaching = session.isTeacher()
    return {
      user: login.user,
      initial: Array.from(login.user.nickname || '约')[0],
      about: login.user.roles.map((role) => ROLES[role] || role).join(' · '),
      teaching,
      links: (teaching ? this.teacherLinks() : this.studentLinks(login)).concat(OWN),
      server: `约课 ${server.version}${server.mode === 'demo' ? ' · 演示' : ''}`,
    }
  },

  /** @param {any} login */
  studentLinks(login) {
    const waiting = offers.places().length
    return [
      { url: '/pages/booking/list', name: '我的预约', icon: 'calendar' },
      { url: '/pages/waitlist/index', name: '我的候补', icon: 'queue', side: waiting > 0 ? `${waiting} 个` : '' },
      { url: '/pages/me/students', name: '我的学员', icon: 'people', side: `${login.students.length} 位` },
    ]
  },

  teacherLinks() {
    return [{ url: '/teacher/pages/week', name: '一周安排', icon: 'week' }]
  },

  /** @param {any} event */
  go(event) {
    navigate.go(event.currentTarget.dataset.url)
  },

  /** No request of this server's ends an account; somebody at the school does. */
  close() {
    wx.showModal({
      title: '注销账号',
      content: '小程序里还不能自助注销。请联系您上课的学校，由管理员停用账号：停用后不能再登录，已有的上课记录由学校保留。',
      confirmText: '知道了',
      showCancel: false,
    })
  },

  async leave() {
    const { confirm } = await wx.showModal({ title: '退出登录？', content: '退出后这台设备不再收到实时提醒。', confirmText: '退出', cancelText: '取消' })
    if (confirm) await session.logOut()
  },
}))
