// Requests of the person who is logged in.

const http = require('./http')
const session = require('./session')
const keys = require('./keys')

const TRIES = 3
const PAUSE_MS = 600
/** Reading a message, or answering WeChat's question, undoes nothing. */
const ASIDE = /^\/(messages|users\/subscribe)\b/

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

/**
 * A request with the token; with a new one, once, when the server has had enough of the old.
 * @param {{method?: 'GET'|'POST'|'PUT'|'DELETE', path: string, data?: object, key?: string, timeout?: number}} request
 */
async function request(request) {
  const { login } = session.get()
  if (!login) throw http.apiError({ status: 401, reason: 'unauthorized', message: '请先登录' })
  try {
    return await http.send({ ...request, token: login.token })
  } catch (error) {
    if (error.status !== 401) throw error
    return http.send({ ...request, token: await session.renew(login) })
  }
}

/**
 * @param {string} path
 * @param {Record<string, string | number | undefined | null>} [parameters]
 */
const get = (path, parameters = {}) => request({ path: path + http.query(parameters) })

/**
 * Something a person asked for with a tap. While its outcome is unknown it is asked again with the
 * same key; and when even that gives no answer, the next tap for the same still has that key, unless
 * the person has changed something else in between.
 * @param {'POST'|'PUT'|'DELETE'} method
 * @param {string} path
 * @param {object} [data]
 */
async function act(method, path, data) {
  const { login } = session.get()
  const account = login ? login.user.id : ''
  const intention = [account, method, path, JSON.stringify(data || null)].join(' ')
  const key = keys.keyFor(intention)
  for (let tried = 1; ; tried += 1) {
    try {
      const answer = await request({ method, path, data, key })
      keys.settle(intention)
      if (!ASIDE.test(path)) keys.supersede(account)
      return answer
    } catch (error) {
      if (!error.isUnknown) {
        // Not of the request itself, so the same tap goes on after the login or the pause.
        if (error.status === 401 || error.status === 429) keys.keep(intention, key)
        else keys.settle(intention)
        throw error
      }
      if (tried === TRIES) {
        keys.keep(intention, key)
        throw error
      }
      await pause(PAUSE_MS * tried)
    }
  }
}

module.exports = { get, act, request }
