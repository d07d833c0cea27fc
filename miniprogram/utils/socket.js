// The one socket, shared by all pages: topics are counted, versions never go back, and whether it is
// connected can be watched.

const { SOCKET } = require('./config')
const signal = require('./signal')
const clock = require('./clock')
const api = require('./api')
const session = require('./session')
const ticker = require('./ticker')

const BEAT_MS = 25000
/** Where the server's clock is moved by hand, only a pong tells of it. */
const BEAT_STANDING_MS = 1000
const SILENCE_MS = 10000
const READY_MS = 10000
const BACKOFF_MS = 500
const BACKOFF_MAX_MS = 15000

/**
 * @typedef {{epoch: number, version: number, data: any}} State
 * @typedef {{onState?: (state: State) => void, onEvent?: (event: any) => void, onRefused?: (reason: string) => void}} Listener
 * @typedef {{student: string, listeners: Set<Listener>, seen: State | null}} Topic
 */

/** @type {Map<string, Topic>} */
const topics = new Map()
/** `off`: nobody is logged in, or the app is in the background. */
const link = signal(/** @type {'off' | 'connecting' | 'live' | 'waiting'} */ ('off'))

/** @type {any} */
let task = null
let wanted = false
let attempts = 0
/** Counts the attempts to connect, so that what belongs to an old one is not taken for the present. */
let turn = 0
let asking = false
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry
/** @type {ReturnType<typeof setTimeout> | undefined} */
let deadline
/** When the oldest ping without an answer was sent. */
let pingedAt = 0
const beat = ticker(() => ping())

function open() {
  wanted = true
  if (!task && !asking) connect()
}

function close() {
  wanted = false
  attempts = 0
  clearTimeout(retry)
  drop()
  link.set('off')
}

/** Connects now instead of after the pause, or makes sure that the socket still lives. */
function wake() {
  if (!wanted) return
  if (link.get() === 'live') ping()
  else if (!task && !asking) connect()
}

/** Ends the present socket without a word; what it still says is not heard. */
function drop() {
  clearTimeout(deadline)
  beat.stop()
  turn += 1
  asking = false
  pingedAt = 0
  const old = task
  task = null
  if (old) old.close({ code: 1000, reason: '' })
}

async function connect() {
  clearTimeout(retry)
  if (!session.get().login) return
  link.set(attempts === 0 ? 'connecting' : 'waiting')
  turn += 1
  const mine = turn
  asking = true
  try {
    const { ticket } = await api.request({ method: 'POST', path: '/ws/ticket', data: {} })
    if (turn !== mine) return
    asking = false
    dial(ticket)
  } catch (error) {
    if (turn !== mine) return
    asking = false
    // Without a login there is nothing to come back to: who logs in opens it again.
    if (error.status === 401) link.set('waiting')
    else lost()
  }
}

/** @param {string} ticket */
function dial(ticket) {
  const own = wx.connectSocket({ url: SOCKET, fail: () => ended(own) })
  task = own
  deadline = setTimeout(() => ended(own), READY_MS)
  own.onOpen(() => { if (task === own) say({ type: 'auth', ticket }) })
  own.onMessage(({ data }) => { if (task === own) hear(JSON.parse(String(data))) })
  own.onError(() => ended(own))
  own.onClose(() => ended(own))
}

/** @param {any} which */
function ended(which) {
  if (task !== which) return
  drop()
  lost()
}

function lost() {
  if (!wanted) return
  link.set('waiting')
  const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** attempts)
  attempts += 1
  // Spread, so that a server that restarts is not met by everybody at once.
  retry = setTimeout(connect, ceiling / 2 + Math.random() * ceiling / 2)
}

/** @param {object} message */
function say(message) {
  if (task && task.send) task.send({ data: JSON.stringify(message) })
}

function ping() {
  if (!task || link.get() !== 'live') return
  say({ type: 'ping' })
  if (pingedAt > 0) return
  pingedAt = Date.now()
  const asked = task
  deadline = setTimeout(() => ended(asked), SILENCE_MS)
}

/** @param {any} message */
function hear(message) {
  clearTimeout(deadline)
  const askedAt = message.type === 'pong' && pingedAt > 0 ? pingedAt : undefined
  pingedAt = 0
  // Another server may have come up, with another clock.
  if (message.type === 'ready') clock.reset()
  if (message.server_time) clock.observe(message.server_time, askedAt)
  if (message.type === 'ready') ready()
  else if (message.type === 'snapshot' || message.type === 'frame') state(message)
  else if (message.type === 'event') each(message.topic, (listener) => listener.onEvent && listener.onEvent(message))
  else if (message.type === 'error') refused(message)
}

function ready() {
  attempts = 0
  link.set('live')
  topics.forEach((topic, name) => subscribe(name, topic))
  pace()
}

/** How often to ping depends on whether the server's clock runs by itself. */
function pace() {
  if (link.get() === 'live') beat.start(clock.isStanding() ? BEAT_STANDING_MS : BEAT_MS)
}

/** @param {any} message */
function state(message) {
  const topic = topics.get(message.topic)
  if (!topic) return
  const { epoch, version, data } = message
  const told = topic.seen
  const order = told ? epoch - told.epoch || version - told.version : 1
  // A snapshot may say the same again, for another student; a frame is always newer.
  if (order < 0 || (order === 0 && message.type === 'frame')) return
  topic.seen = { epoch, version, data }
  each(message.topic, (listener) => listener.onState && listener.onState(topic.seen))
}

/** @param {any} message */
function refused(message) {
  if (message.reason === 'unavailable' && message.topic) {
    const again = task
    setTimeout(() => {
      const topic = topics.get(message.topic)
      if (topic && task === again) subscribe(message.topic, topic)
    }, 1000)
    return
  }
  each(message.topic, (listener) => listener.onRefused && listener.onRefused(message.reason))
}

/** @param {string} name @param {(listener: Listener) => void} tell */
function each(name, tell) {
  const topic = topics.get(name)
  if (topic) Array.from(topic.listeners).forEach(tell)
}

/** @param {string} name @param {Topic} topic */
function subscribe(name, topic) {
  if (link.get() !== 'live') return
  const whose = topic.student && name.startsWith('schedule:') ? { student_id: topic.student } : {}
  say({ type: 'subscribe', topic: name, ...whose })
}

/**
 * Listens to a topic until the answered function is called. Who comes later to a topic that is
 * subscribed already hears at once what was told last.
 * @param {string} name
 * @param {Listener} listener
 * @param {string} [student] whose part of a class is wanted
 */
function listen(name, listener, student = '') {
  let topic = topics.get(name)
  const isNew = !topic
  if (!topic) {
    topic = { student, listeners: new Set(), seen: null }
    topics.set(name, topic)
  }
  const changed = topic.student !== student
  topic.student = student
  topic.listeners.add(listener)
  if (isNew || changed) subscribe(name, topic)
  else if (topic.seen && listener.onState && link.get() === 'live') listener.onState(topic.seen)
  const own = topic
  return () => {
    own.listeners.delete(listener)
    if (own.listeners.size > 0 || topics.get(name) !== own) return
    topics.delete(name)
    if (link.get() === 'live') say({ type: 'unsubscribe', topic: name })
  }
}

/** Asks for the whole of a topic again. @param {string} name */
function refresh(name) {
  const topic = topics.get(name)
  if (topic) subscribe(name, topic)
}

/** Forgets what was told: another person, or another server. */
function forget() {
  topics.forEach((topic) => { topic.seen = null })
}

module.exports = { open, close, wake, listen, refresh, forget, pace, link: link.get, watch: link.watch }
