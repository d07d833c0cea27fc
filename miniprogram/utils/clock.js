// What time it is at the server. A phone's own clock may be wrong by hours, and deadlines are not.

const LIFE_MS = 3 * 60000
const SAMPLES_MAX = 64

/** @type {{at: number, offset: number}[]} */
let samples = []
/** The last told instant, where the server's clock is moved by hand. */
let told = 0
let standing = false
/** Of the school's wall clock, in minutes east of UTC. */
let zoneMinutes = 480
/** @type {Set<() => void>} */
const watchers = new Set()

/**
 * Takes note of a `server_time`. What arrives is late and never early, so the largest recent offset
 * is the best one. Where the moment of asking is known, an answer cannot be from before it: an offset
 * that says so was measured before the phone's clock was set, and is forgotten.
 * @param {string} serverTime
 * @param {number} [askedAt]
 */
function observe(serverTime, askedAt) {
  const instant = Date.parse(serverTime)
  if (Number.isNaN(instant)) return
  const at = Date.now()
  const zone = /([+-])(\d\d):(\d\d)$/.exec(serverTime)
  if (zone) zoneMinutes = (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3]))
  const offset = instant - at
  const latest = askedAt === undefined ? Infinity : instant - askedAt
  samples = samples.filter((sample) => Math.abs(at - sample.at) < LIFE_MS && sample.offset <= latest)
  samples.push({ at, offset })
  samples = samples.slice(-SAMPLES_MAX)
  const moved = instant > told
  told = Math.max(told, instant)
  if (standing && moved) watchers.forEach((watcher) => watcher())
}

/** The server's time in milliseconds since 1970, as well as it is known. */
function now() {
  if (standing && told > 0) return told
  if (samples.length === 0) return Date.now()
  return Date.now() + Math.max(...samples.map((sample) => sample.offset))
}

/**
 * Says that the server's clock stands until somebody moves it.
 * @param {boolean} yes
 */
function setStanding(yes) {
  standing = yes
  watchers.forEach((watcher) => watcher())
}

/** Forgets what was measured: another server may answer with another clock. */
function reset() {
  samples = []
  told = 0
}

/**
 * Calls when a standing clock was moved; answers a function that ends it.
 * @param {() => void} watcher
 */
function watch(watcher) {
  const own = () => watcher()
  watchers.add(own)
  return () => { watchers.delete(own) }
}

module.exports = { observe, now, setStanding, reset, watch, isStanding: () => standing, zone: () => zoneMinutes }
