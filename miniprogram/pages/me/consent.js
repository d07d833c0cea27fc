// What WeChat may tell me, and how often still.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const consent = require('../../utils/consent')

const NAMES = /** @type {Record<string, string>} */ ({
  seat_offered: '候补名额', offer_reminder: '候补确认提醒', class_reminder: '上课提醒', booking_confirmed: '预约结果', schedule_changed: '课程变更',
})

Page(screen({
  data: { reachable: false, items: [], busy: '' },

  async load() {
    const { reachable, templates } = await api.get('/users/subscribe')
    return {
      reachable,
      items: templates.map((/** @type {any} */ template) => ({
        id: template.id,
        name: template.kinds.map((/** @type {string} */ kind) => NAMES[kind]).filter(Boolean)[0] || '其他通知',
        state: template.remaining > 0 ? `还可通知 ${template.remaining} 次` : template.choice === 'reject' ? '您选择了不接收' : '还没有允许',
      })),
    }
  },

  /** @param {any} event */
  async allow(event) {
    const { id } = event.currentTarget.dataset
    if (this.data.busy) return
    // First in the tap, as WeChat wants it.
    const asked = consent.askFor([id])
    this.show({ busy: id })
    await asked
    this.show({ busy: '' })
    this.refresh()
  },
}))
