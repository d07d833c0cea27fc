// What all pages do alike: they wait for a login, load, listen while they are looked at, and load
// again when they come back or the connection does, because meanwhile anything may have happened.

const about = require('./about')
const session = require('./session')
const socket = require('./socket')
const navigate = require('./navigate')
const changes = require('./changes')
const { explain } = require('./texts')

/** Why nothing is told. @type {Record<string, string>} */
const REFUSALS = { too_many_topics: '同时关注的课程太多', forbidden: '没有权限接收实时更新', not_found: '它可能已经不在了' }

/**
 * @typedef {object} Screen
 * @property {() => Promise<object | void>} [load] asks the server and answers what to show
 * @property {() => string[]} [topics] what to listen to
 * @property {(topic: string, state: any) => void} [onState]
 * @property {(event: any, topic: string) => void} [onEvent]
 * @property {() => void} [onLoaded] what came is shown
 * @property {() => void} [onFailed] what was asked for did not come; what was there before still is
 * @property {() => void} [onPerson] another person, or another student, is looking
 * @property {() => void} [onVisible]
 * @property {() => void} [onHidden]
 */

/**
 * The definition of a page.
 * @template {Record<string, any>} T
 * @param {T & Screen & ThisType<any>} def
 * @returns {any}
 */
module.exports = function screen(def) {
  return {
    ...def,
    data: { status: 'loading', problem: '', advice: '', ...def.data },

    /** @param {Record<string, string>} query */
    onLoad(query) {
      this.offs = []
      this.listening = new Map()
      /** What was last told of each topic since the page last asked. */
      this.told = new Map()
      this.loads = 0
      this.visible = false
      this.person = ''
      this.account = ''
      if (def.onLoad) def.onLoad.call(this, query)
      /** What the page showed before anybody's data came. */
      this.blank = JSON.stringify(this.data)
    },

    onShow() {
      this.visible = true
      const tabBar = typeof this.getTabBar === 'function' ? this.getTabBar() : null
      if (tabBar) tabBar.select(this.route)
      let link = socket.link()
      this.offs = [
        session.watch(() => this.enter(false)),
        socket.watch((next) => {
          if (next === 'live' && link !== 'live' && this.data.status !== 'loading') this.refresh()
          link = next
        }),
      ]
      if (def.onVisible) def.onVisible.call(this)
      this.enter(true)
    },

    onHide() {
      this.rest()
    },

    onUnload() {
      this.rest()
      this.loads += 1
      if (def.onUnload) def.onUnload.call(this)
    },

    /** Stops listening: a page that nobody looks at costs nothing. */
    rest() {
      if (!this.visible) return
      this.visible = false
      this.offs.forEach((/** @type {() => void} */ off) => off())
      this.listening.forEach((/** @type {() => void} */ off) => off())
      this.listening.clear()
      if (def.onHidden) def.onHidden.call(this)
    },

    /**
     * Goes on with whoever is logged in, or asks them to.
     * @param {boolean} isShown that the page was just shown, and not only the login renewed
     */
    enter(isShown) {
      const { phase, login } = session.get()
      if (phase === 'starting') return
      if (!about.get()) { this.meet(); return }
      if (phase === 'out') { navigate.toLogin(); return }
      const person = login ? `${login.user.id}/${login.studentId}` : ''
      const isOther = person !== this.person
      if (!isOther && !isShown) return
      this.person = person
      const account = login ? login.user.id : ''
      // What the one before saw and typed is theirs; who comes back to their own finds it again.
      if (this.account && this.account !== account) this.setData(JSON.parse(this.blank))
      this.account = account
      if (isOther && def.onPerson) def.onPerson.call(this)
      this.listen()
      this.refresh()
    },

    /** What day it is, is what the server says: without that nothing is shown. */
    async meet() {
      try {
        await about.load()
      } catch (error) {
        const { title, advice } = explain(error)
        this.show({ status: 'failed', problem: title, advice })
        return
      }
      if (this.visible) this.enter(true)
    },

    /** Listens to what `topics` says now. */
    listen() {
      if (!this.visible || !session.get().login) return
      const student = session.student()
      const studentId = student ? student.id : ''
      const names = def.topics ? def.topics.call(this).map((/** @type {string} */ name) => `${name}|${studentId}`) : []
      this.listening.forEach((/** @type {() => void} */ off, /** @type {string} */ name) => {
        if (names.includes(name)) return
        off()
        this.listening.delete(name)
      })
      names.forEach((/** @type {string} */ name) => {
        if (this.listening.has(name)) return
        const topic = name.split('|')[0]
        this.listening.set(name, socket.listen(topic, {
          onState: (state) => {
            if (!def.onState) return
            this.told.set(topic, state)
            def.onState.call(this, topic, state)
          },
          onEvent: (event) => { if (def.onEvent) def.onEvent.call(this, event, topic) },
          onRefused: (reason) => this.unheard(name, reason),
        }, studentId))
      })
    },

    /**
     * What the server does not tell of may be out of date. The next load asks to be told again.
     * @param {string} name
     * @param {string} reason
     */
    unheard(name, reason) {
      const off = this.listening.get(name)
      if (!off) return
      this.listening.delete(name)
      off()
      // Where nothing is shown, the answer to the request says what is wrong.
      if (this.data.status === 'ready') this.show({ problem: REFUSALS[reason] || '服务器没有接受实时更新' })
    },

    /** Loads, and shows either what came or why nothing did. What is there stays meanwhile. */
    async refresh() {
      if (!def.load) { this.show({ status: 'ready' }); return }
      // Whoever has just logged out has nothing to load; the login page comes.
      if (!session.get().login) return
      this.loads += 1
      const mine = this.loads
      this.told = new Map()
      try {
        const patch = await def.load.call(this)
        if (this.loads !== mine) return
        this.show({ ...patch, status: 'ready', problem: '', advice: '' })
        // What was told while the answer was on its way may be newer than the answer.
        this.told.forEach((/** @type {any} */ state, /** @type {string} */ topic) => def.onState.call(this, topic, state))
        this.listen()
        if (def.onLoaded) def.onLoaded.call(this)
      } catch (error) {
        if (this.loads !== mine) return
        const { title, advice } = explain(error)
        this.show({ status: this.data.status === 'ready' ? 'ready' : 'failed', problem: title, advice })
        if (def.onFailed) def.onFailed.call(this)
      }
    },

    /** The person asks for it again. */
    retry() {
      if (this.data.status === 'failed') this.show({ status: 'loading', problem: '' })
      socket.wake()
      return about.get() ? this.refresh() : this.meet()
    },

    async onPullDownRefresh() {
      await this.retry()
      wx.stopPullDownRefresh()
    },

    /** Gives the view what is new, and nothing else. @param {object} patch */
    show(patch) {
      const news = changes(patch, this.data)
      if (Object.keys(news).length > 0) this.setData(news)
    },
  }
}
