// How many messages are unread, for the mark on the tab bar.

const signal = require('./signal')
const api = require('./api')
const { isApiError } = require('./http')
const session = require('./session')
const offers = require('./offers')
const socket = require('./socket')

/** A message is written a moment after what it tells of. */
const SOON_MS = 800

const unread = signal(0)
/** @type {ReturnType<typeof setTimeout> | undefined} */
let soon

let loads = 0
/** Whose messages were counted last. */
let reader = ''

async function load() {
  const { login } = session.get()
  const account = login ? login.user.id : ''
  loads += 1
  const mine = loads
  if (account !== reader) unread.set(0)
  reader = account
  if (!login) return
  try {
    const { total } = await api.get('/messages', { unread: 1, page_size: 1 })
    if (loads === mine) unread.set(total)
  } catch (error) {
    // The mark stays as it was; the page of messages says itself when it cannot be loaded.
    if (!isApiError(error)) throw error
  }
}

function loadSoon() {
  clearTimeout(soon)
  soon = setTimeout(load, SOON_MS)
}

offers.onNews(loadSoon)

/** @type {(() => void) | null} */
let stop = null

/** A teacher hears of the bookings on their classes by a topic of its own, on whatever page they are. */
function start() {
  if (!stop && session.isTeacher()) stop = socket.listen('coach', { onState: loadSoon, onEvent: loadSoon })
}

function end() {
  if (stop) stop()
  stop = null
  clearTimeout(soon)
}

module.exports = { load, start, end, unread: unread.get, watch: unread.watch }
