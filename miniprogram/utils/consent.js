// Asking whether WeChat may write. WeChat lets a program ask only as the first thing in a tap, so
// what there is to ask is known before the tap comes.

const api = require('./api')
const { isApiError } = require('./http')

/** What the server says is worth asking for, by occasion. @type {Record<string, string[]>} */
let due = {}

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
 * @returns {Promise<void>}
 */
function ask(occasion) {
  const tmplIds = (due[occasion] || []).slice(0, 3)
  if (tmplIds.length === 0) return Promise.resolve()
  return new Promise((resolve) => {
    wx.requestSubscribeMessage({
      tmplIds,
      success: (result) => { note(tmplIds, /** @type {any} */ (result)).then(resolve) },
      fail: () => resolve(),
    })
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

/** For the page of consents: asks for chosen templates. @param {string[]} tmplIds */
function askFor(tmplIds) {
  due = { ...due, chosen: tmplIds }
  return ask(/** @type {any} */ ('chosen'))
}

module.exports = { load, ask, askFor }
