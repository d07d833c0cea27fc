// What kind of server this is.

const signal = require('./signal')
const http = require('./http')
const clock = require('./clock')

/** @typedef {{mode: 'demo' | 'production', clock: 'machine' | 'manual', version: string}} About */

const state = signal(/** @type {About | null} */ (null))

/** @type {Promise<About> | null} */
let asking = null

/** Asks once, however many want to know; where no answer came, the next call asks again. @returns {Promise<About>} */
function load() {
  const known = state.get()
  if (known) return Promise.resolve(known)
  if (!asking) asking = ask().finally(() => { asking = null })
  return asking
}

/** The answer tells the server's time too, before anything is shown that hangs on it. */
async function ask() {
  const about = await http.send({ path: '/about' })
  clock.setStanding(about.clock === 'manual')
  state.set(about)
  return about
}

module.exports = { load, get: state.get, watch: state.watch }
