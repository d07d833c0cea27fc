// One request to the server, and what can go wrong with it.

const { API } = require('./config')
const clock = require('./clock')
const signal = require('./signal')

const TIMEOUT_MS = 15000

/** Whether the server answered what was asked of it last. */
const reach = signal(true)

/**
 * Why a request was not answered with success: an error with the server's `status` (0 where no answer
 * came), its stable `reason`, and the `field` that a 400 names. Of what is `isUnknown` nobody knows
 * whether it happened: asked again with the same key, it happens once.
 * @param {{status: number, reason: string, message: string, field?: string}} problem
 */
function apiError({ status, reason, message, field = '' }) {
  const isUnknown = status === 0 || reason === 'request_in_progress' || status >= 500
  return Object.assign(new Error(message), { status, reason, field, isUnknown })
}

/** Whether this is the server's refusal, or its silence, and not a fault of ours. @param {any} error */
const isApiError = (error) => Boolean(error) && typeof error.status === 'number'

/** What a 400 says of a field. */
const FIELD = /^参数 (\S+) 无效：(.*)$/

/**
 * @param {number} status
 * @param {any} body
 */
function problemOf(status, body) {
  const text = String((body && (body.error || body.message)) || '')
  const reason = String((body && body.reason) || '') || `http_${status}`
  const named = status === 400 ? FIELD.exec(text) : null
  if (named) return apiError({ status, reason, message: named[2], field: named[1] })
  return apiError({ status, reason, message: text || `服务器没有正常回答（${status}），请稍后再试` })
}

/** @param {string} errMsg */
function unanswered(errMsg) {
  const timedOut = /timeout|time out/i.test(errMsg)
  return apiError({
    status: 0,
    reason: timedOut ? 'timeout' : 'unreachable',
    message: timedOut ? '服务器没有及时回答，请重试' : '连不上服务器，请检查网络后重试',
  })
}

/**
 * Sends a request and answers with the `data` of its envelope, or rejects with an `apiError`.
 * @param {{method?: 'GET'|'POST'|'PUT'|'DELETE', path: string, data?: object, token?: string, key?: string, timeout?: number}} request
 * @returns {Promise<any>}
 */
function send({ method = 'GET', path, data, token, key, timeout = TIMEOUT_MS }) {
  const askedAt = Date.now()
  /** @type {Record<string, string>} */
  const header = { 'content-type': 'application/json' }
  if (token) header.authorization = `Bearer ${token}`
  if (key) header['idempotency-key'] = key
  return new Promise((resolve, reject) => {
    wx.request({
      url: API + path,
      method,
      data,
      header,
      timeout,
      success({ statusCode, data: body }) {
        reach.set(statusCode < 500)
        const envelope = /** @type {any} */ (body)
        const told = envelope && envelope.data && envelope.data.server_time
        if (typeof told === 'string') clock.observe(told, askedAt)
        if (statusCode >= 200 && statusCode < 300 && envelope && 'data' in envelope) resolve(envelope.data)
        else reject(problemOf(statusCode, envelope))
      },
      fail({ errMsg }) {
        reach.set(false)
        reject(unanswered(errMsg))
      },
    })
  })
}

/**
 * `?a=1&b=2`, without what is not set.
 * @param {Record<string, string | number | undefined | null>} parameters
 */
function query(parameters) {
  const pairs = Object.keys(parameters)
    .filter((name) => parameters[name] !== undefined && parameters[name] !== null && parameters[name] !== '')
    .map((name) => `${name}=${encodeURIComponent(String(parameters[name]))}`)
  return pairs.length > 0 ? `?${pairs.join('&')}` : ''
}

/**
 * A path with ids in it: route`/bookings/${id}`. An id may come with a link from anywhere; it must not
 * lead to another route, so that no sign of an address in it stays one. No id has a dot, and two dots
 * lead upwards even when they are written as %2e.
 * @param {TemplateStringsArray} parts
 * @param {...string} ids
 */
function route(parts, ...ids) {
  return parts.reduce((path, part, index) => path + encodeURIComponent(ids[index - 1]).replace(/\./g, '_') + part)
}

module.exports = { send, query, route, apiError, isApiError, watchReach: reach.watch }
