// Who is logged in, and for whom they look and book.

const signal = require('./signal')
const http = require('./http')
const agreement = require('./agreement')
const device = require('./device')

/**
 * @typedef {{id: string, nickname: string, relation: string}} Student
 * @typedef {{id: string, nickname: string, roles: string[], teacher_id?: string | null}} User
 * @typedef {{token: string, refresh: string, user: User, students: Student[], studentId: string, again: object | null}} Login
 * @typedef {{phase: 'starting' | 'in' | 'out', login: Login | null, expired: boolean}} Session
 */

const KEPT = 'login'
/** That somebody logged out on purpose: then WeChat's own login is not tried by itself. */
const LEFT = 'logged-out'

const state = signal(/** @type {Session} */ ({ phase: 'starting', login: null, expired: false }))

/** @returns {Login | null} */
const read = () => wx.getStorageSync(KEPT) || null

/** @param {Login} login */
function enter(login) {
  wx.setStorageSync(KEPT, login)
  wx.removeStorageSync(LEFT)
  state.set({ phase: 'in', login, expired: false })
}

/** @param {boolean} expired */
function leave(expired) {
  wx.removeStorageSync(KEPT)
  state.set({ phase: 'out', login: null, expired })
}

/** Goes on with the kept login, or lets WeChat say who this is. */
async function start() {
  const kept = read()
  if (kept) { enter(kept); return }
  if (wx.getStorageSync(LEFT)) { leave(false); return }
  // Nobody is logged in through WeChat before they have agreed to it. On the page it is a demo's person.
  if (!agreement.isGiven() && !device.isPage()) { leave(false); return }
  // Whoever WeChat or the server does not know goes to the login page, which says why.
  await logInByWeChat().catch(() => leave(false))
}

/** @returns {Promise<string>} */
function weChatCode() {
  return new Promise((resolve, reject) => {
    const unreachable = () => reject(http.apiError({ status: 0, reason: 'unreachable', message: '微信登录没有成功，请检查网络后重试' }))
    wx.login({ success: ({ code }) => (code ? resolve(code) : unreachable()), fail: unreachable })
  })
}

/** @param {() => void} [check] throws when nobody waits for this login any more */
async function logInByWeChat(check) {
  const code = await weChatCode()
  return logIn({ code }, { weChat: true }, check)
}

/** Where the demo of a WeChat finds whose phone this is, to write to it. */
const DEMO_PERSON = 'demo-person'

/** @param {any} again */
function keepDemoPerson(again) {
  const [, role, name] = /^dev:(\w+):(.+)$/.exec((again && again.code) || '') || []
  if (name) wx.setStorageSync(DEMO_PERSON, { role, name })
  else if (!again || !again.weChat) wx.removeStorageSync(DEMO_PERSON)
}

/**
 * Logs in with what was typed or chosen; `again` is what repeats it without asking.
 * @param {Record<string, string>} body
 * @param {object | null} [again]
 * @param {() => void} [check] throws when nobody waits for this login any more
 */
async function logIn(body, again = null, check = () => {}) {
  const answer = await http.send({ method: 'POST', path: '/login', data: body })
  check()
  return take(answer, again)
}

/**
 * @param {{token: string, refresh_token: string, user: User, students: Student[]}} answer
 * @param {object | null} again
 */
function take(answer, again) {
  keepDemoPerson(again)
  const before = state.get().login || read()
  const kept = before && answer.students.some((student) => student.id === before.studentId) ? before.studentId : ''
  const studentId = kept || (answer.students[0] ? answer.students[0].id : '')
  enter({ token: answer.token, refresh: answer.refresh_token, user: answer.user, students: answer.students, studentId, again })
  return answer.token
}

/** @type {{stale: string, token: Promise<string>} | null} */
let renewing = null

/**
 * A token in place of the refused one of a login; asked by many at once, it is fetched once.
 * Rejects when that person is not logged in any more, or when the server does not answer.
 * @param {Login} asker
 * @returns {Promise<string>}
 */
function renew(asker) {
  const { login } = state.get()
  if (!login || login.user.id !== asker.user.id) return Promise.reject(nobody())
  if (login.token !== asker.token) return Promise.resolve(login.token)
  if (!renewing || renewing.stale !== login.token) {
    const own = { stale: login.token, token: exchange(login).finally(() => { if (renewing === own) renewing = null }) }
    renewing = own
  }
  return renewing.token
}

const nobody = () => http.apiError({ status: 401, reason: 'unauthorized', message: '请先登录' })
const expired = () => http.apiError({ status: 401, reason: 'login_expired', message: '登录已过期，请重新登录' })

/** @param {Login} stale */
async function exchange(stale) {
  // Another window of the same browser may have exchanged it already; a token serves once.
  const kept = read()
  if (kept && kept.token !== stale.token) {
    if (kept.user.id === stale.user.id) { enter(kept); return kept.token }
    // Somebody else is logged in there now, and stays so.
    state.set({ phase: 'out', login: null, expired: true })
    throw expired()
  }
  /** While one waits for an answer, the person may leave, and another one come. */
  const check = () => {
    const { login } = state.get()
    if (!login || login.token !== stale.token) throw nobody()
  }
  try {
    const answer = await http.send({ method: 'POST', path: '/token/refresh', data: { refresh_token: stale.refresh } })
    check()
    update({ token: answer.token, refresh: answer.refresh_token || stale.refresh })
    return answer.token
  } catch (error) {
    if (error.status !== 401) throw error
    check()
  }
  try {
    return await logInAgain(stale.again, check)
  } catch (error) {
    if (error.status === 0 || error.status >= 500) throw error
    check()
    leave(true)
    throw expired()
  }
}

/**
 * @param {any} again
 * @param {() => void} check
 */
function logInAgain(again, check) {
  if (again && again.weChat) return logInByWeChat(check)
  if (again && again.code) return logIn({ code: again.code }, again, check)
  return Promise.reject(expired())
}

/** Ends the session here, and at the server when it can be told. */
async function logOut() {
  const login = state.get().login
  wx.setStorageSync(LEFT, true)
  leave(false)
  if (!login) return
  // A session that nobody could end dies with its tokens; the person has left in any case.
  await http.send({ method: 'POST', path: '/logout', data: {}, token: login.token }).catch(() => null)
}

/** @param {Partial<Login>} change */
function update(change) {
  const login = state.get().login
  if (login) enter({ ...login, ...change })
}

/** @param {string} studentId */
const chooseStudent = (studentId) => update({ studentId })

/** @returns {Student | null} */
function student() {
  const login = state.get().login
  if (!login) return null
  return login.students.find((one) => one.id === login.studentId) || login.students[0] || null
}

/** @param {string} id */
function nicknameOf(id) {
  const login = state.get().login
  const found = login && login.students.find((one) => one.id === id)
  return found ? found.nickname : ''
}

const isTeacher = () => {
  const { login } = state.get()
  return Boolean(login && login.user.teacher_id)
}

/** Whether there is anybody to book for. */
const isStudent = () => {
  const { login } = state.get()
  return Boolean(login && login.students.length > 0)
}

module.exports = {
  isStudent, start, logIn, logInByWeChat, logOut, renew, update, chooseStudent, student, nicknameOf, isTeacher,
  get: state.get, watch: state.watch,
}
