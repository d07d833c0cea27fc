// A course as lists and its own page show it.

const { COURSE_KINDS, money } = require('./texts')

/** @param {any} course */
function courseView(course) {
  const facts = [
    COURSE_KINDS[course.kind] || '',
    `${course.duration_min}分钟`,
    course.kind === 0 ? '' : `${course.default_capacity}人`,
    course.tier === 'vip' ? 'VIP' : '',
    course.category,
  ].filter(Boolean).join(' · ')
  const price = course.price_fen > 0 ? money(course.price_fen) : ''
  return { id: course.id, name: course.name, facts, price }
}

module.exports = { courseView }
