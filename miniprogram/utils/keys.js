// Request keys: one tap is one key, kept until the server has said what became of it.

const LIFE_MS = 10 * 60000

/** Taps whose outcome is not known yet. @type {Map<string, {key: string, at: number}>} */
const open = new Map()
let counter = 0

function fresh() {
  counter += 1
  const random = () => Math.random().toString(36).slice(2, 12)
  return `mp-${Date.now().toString(36)}-${counter}-${random()}${random()}`
}

/**
 * The key of an intention: the one it was sent with before, when nobody knows what became of that.
 * @param {string} intention
 */
function keyFor(intention) {
  const known = open.get(intention)
  if (known && Math.abs(Date.now() - known.at) < LIFE_MS) return known.key
  const key = fresh()
  open.set(intention, { key, at: Date.now() })
  return key
}

/**
 * That the server has answered: the next tap of the same kind means something new.
 * @param {string} intention
 */
function settle(intention) {
  open.delete(intention)
}

/**
 * That nobody knows what became of it: the next tap for the same goes on with its key.
 * @param {string} intention
 * @param {string} key
 */
function keep(intention, key) {
  open.set(intention, { key, at: Date.now() })
}

/**
 * That somebody has changed something since: who taps for the same again means it anew, after what
 * came between, and must not be told the old answer. A student who is added twice is there twice, so
 * that tap keeps its key.
 * @param {string} account
 */
function supersede(account) {
  Array.from(open.keys()).forEach((intention) => {
    if (intention.startsWith(`${account} `) && !intention.startsWith(`${account} POST /students `)) open.delete(intention)
  })
}

module.exports = { keyFor, settle, keep, supersede }
