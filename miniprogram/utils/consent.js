// Asking whether WeChat may write. WeChat lets a program ask only as the first thing in a tap, so
// what there is to ask is known before the tap comes. A seat on offer counts down, and the question would
// cover it: as long as there is one, the question waits for a later tap.

const api = require('./api')
const clock = require('./clock')
const offers = require('./offers')
const { confirmBy } = require('./standing')
const { isApiError } = require('./http')

/** What the server says is worth asking for, by occasion. @type {Record<string, string[]>} */
let due = {}

/** WeChat asks for no more at a time. */
const ASKED_MAX = 3

/** What an offer kept from being asked; the next question asks it too. @type {string[]} */
let waiting = []

/** The question that stands open, where it can be taken back: WeChat's own cannot. @type {{ids: string[], abort: () => void} | null} */
let open = null

/**
 * Whether a seat is on offer that can still be confirmed.
 * @param {string} [ended] an offer that is known to be over
 */
function isOffered(ended) {
  return offers.places().some(({ offer }) => offer && offer.id !== ended && clock.now() < Date.parse(confirmBy(offer)))
}

offers.watch(() => {
  if (!open || !isOffered()) return
  const { ids, abort } = open
  waiting = ids
  open = null
  abort()
})

/** Loads what is worth asking for; without an answer nothing is asked. */
async function load() {
  try {
    const { ask } = await api.get('/users/subscribe')
    due = ask || {}
  } catch (error) {
    if (!isApiError(error)) throw error
  }
}

/**
 * To be called first in a tap, before anything that waits. Answers when the person has chosen and the
 * server knows; never rejects, because what the tap is for does not hang on it.
 * @param {'book' | 'join' | 'confirm'} occasion
 * @param {string} [ended] an offer that is known to be over
 * @returns {Promise<void>}
 */
function ask(occasion, ended) {
  const ids = Array.from(new Set((due[occasion] || []).concat(waiting))).slice(0, ASKED_MAX)
  waiting = isOffered(ended) ? ids : []
  if (ids.length === 0 || waiting.length > 0) return Promise.resolve()
  return request(ids)
}

/** @param {string[]} tmplIds @returns {Promise<void>} */
function request(tmplIds) {
  return new Promise((resolve) => {
    const question = /** @type {any} */ (wx.requestSubscribeMessage({
      tmplIds,
      success: (result) => {
        open = null
        note(tmplIds, /** @type {any} */ (result)).then(resolve)
      },
      fail: () => {
        open = null
        resolve()
      },
    }))
    if (question && question.abort) open = { ids: tmplIds, abort: question.abort }
  })
}

/**
 * @param {string[]} tmplIds
 * @param {Record<string, string>} result
 */
async function note(tmplIds, result) {
  /** @type {Record<string, string>} */
  const results = {}
  tmplIds.forEach((id) => { if (result[id]) results[id] = result[id] })
  try {
    if (Object.keys(results).length > 0) await api.act('POST', '/users/subscribe', { results })
  } catch (error) {
    if (!isApiError(error)) throw error
  }
  await load()
}

/** For the page of consents, where one asks for it: no offer is in its way. @type {(tmplIds: string[]) => Promise<void>} */
const askFor = request

/** Another person is asked for themself. */
function forget() {
  due = {}
  waiting = []
}

module.exports = { load, ask, askFor, forget }
