// The devices that I am logged in on.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const time = require('../../utils/time')
const { explain } = require('../../utils/texts')

/** The word of a device that people know. @param {string} device */
function deviceName(device) {
  const found = /(iPhone|iPad|Android|Windows|Macintosh|Linux)/.exec(device || '')
  const inWeChat = /MicroMessenger|miniProgram/i.test(device || '') ? '微信 · ' : ''
  return `${inWeChat}${found ? found[1].replace('Macintosh', 'Mac') : '未知设备'}`
}

Page(screen({
  data: { items: [], busy: false },

  async load() {
    const { items } = await api.get('/sessions', { page_size: 100 })
    return {
      items: items.map((/** @type {any} */ row) => ({
        id: row.id,
        current: row.current,
        device: deviceName(row.device),
        text: `最近 ${time.moment(row.last_used_at)}${row.address ? ` · ${row.address}` : ''}`,
      })),
    }
  },

  /** @param {any} event */
  async end(event) {
    const { id } = event.currentTarget.dataset
    if (this.data.busy) return
    const { confirm } = await wx.showModal({ title: '退出这台设备？', content: '它需要重新登录才能使用。', confirmText: '退出', cancelText: '取消' })
    if (!confirm) return
    this.show({ busy: true })
    try {
      await api.act('DELETE', route`/sessions/${id}`)
    } catch (error) {
      this.show({ problem: explain(error).title })
    }
    this.show({ busy: false })
    this.refresh()
  },
}))
