// Dates and times on the school's wall clock. Instants carry their offset, so the phone's zone never matters.

const clock = require('./clock')

const DAY_MS = 86400000
const WEEKDAYS = ['日', '一', '二', '三', '四', '五', '六']

/** `2025-11-12` of an instant. @param {string} instant */
const dateOf = (instant) => (instant || '').slice(0, 10)

/** `19:00` of an instant. @param {string} instant */
const timeOf = (instant) => (instant || '').slice(11, 16)

/** @param {string} date */
const utc = (date) => Date.parse(`${date}T00:00:00Z`)

/** `2025-11-12` on the school's wall clock. @param {number} [milliseconds] */
function today(milliseconds = clock.now()) {
  return new Date(milliseconds + clock.zone() * 60000).toISOString().slice(0, 10)
}

/** @param {string} date @param {number} days */
const addDays = (date, days) => new Date(utc(date) + days * DAY_MS).toISOString().slice(0, 10)

/** From 0, Sunday. @param {string} date */
const weekday = (date) => new Date(utc(date)).getUTCDay()

/** `周三` @param {string} date */
const weekdayName = (date) => `周${WEEKDAYS[weekday(date)]}`

/** The Monday of the week. @param {string} date */
const mondayOf = (date) => addDays(date, -((weekday(date) + 6) % 7))

/** `2025-11` moved by so many months. @param {string} month @param {number} count */
function addMonths(month, count) {
  const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + count
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`
}

/** `11月12日` @param {string} date */
const shortDate = (date) => `${Number(date.slice(5, 7))}月${Number(date.slice(8, 10))}日`

/** `今天`, `明天`, `11月15日 周六`; with the year when it is another one. @param {string} date */
function dayName(date) {
  const now = today()
  const ahead = Math.round((utc(date) - utc(now)) / DAY_MS)
  if (ahead === 0) return '今天'
  if (ahead === 1) return '明天'
  if (ahead === 2) return '后天'
  if (ahead === -1) return '昨天'
  const year = date.slice(0, 4) === now.slice(0, 4) ? '' : `${date.slice(0, 4)}年`
  return `${year}${shortDate(date)} ${weekdayName(date)}`
}

/** `明天 19:00` @param {string} instant */
const moment = (instant) => (instant ? `${dayName(dateOf(instant))} ${timeOf(instant)}` : '')

/** `明天 19:00–20:30` @param {string} starts @param {string} ends */
function span(starts, ends) {
  const end = dateOf(starts) === dateOf(ends) ? timeOf(ends) : moment(ends)
  return `${moment(starts)}–${end}`
}

/** `14:59`, or `1:02:03` above an hour; rounded up, so that 0:00 means that time is up. @param {number} milliseconds */
function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${two(minutes)}:${two(seconds % 60)}`
}

/** `3分20秒`, as a screen reader says it. @param {number} milliseconds */
function spoken(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000))
  const parts = [[Math.floor(seconds / 3600), '小时'], [Math.floor((seconds % 3600) / 60), '分'], [seconds % 60, '秒']]
  return parts.filter(([count]) => Number(count) > 0).map((part) => part.join('')).join('') || '0秒'
}

/** Milliseconds until an instant on the server's clock. @param {string} instant */
const until = (instant) => Date.parse(instant) - clock.now()

/** The weeks of a month from Monday to Sunday, the days of its neighbours included. @param {string} month */
function weeksOf(month) {
  const last = addDays(`${addMonths(month, 1)}-01`, -1)
  const weeks = []
  for (let monday = mondayOf(`${month}-01`); monday <= last; monday = addDays(monday, 7)) {
    weeks.push([0, 1, 2, 3, 4, 5, 6].map((day) => addDays(monday, day)))
  }
  return weeks
}

module.exports = {
  dateOf, timeOf, today, addDays, addMonths, weekdayName, mondayOf, shortDate, dayName, moment, span,
  countdown, spoken, until, weeksOf,
}
