// What kind of server this is.

const signal = require('./signal')
const http = require('./http')
const clock = require('./clock')

/** @typedef {{mode: 'demo' | 'production', clock: 'machine' | 'manual', version: string}} About */

const state = signal(/** @type {About | null} */ (null))

/** Asks once; where no answer came, the next call asks again. */
async function load() {
  if (state.get()) return state.get()
  const about = await http.send({ path: '/about' })
  clock.setStanding(about.clock === 'manual')
  state.set(about)
  return about
}

module.exports = { load, get: state.get, watch: state.watch }
