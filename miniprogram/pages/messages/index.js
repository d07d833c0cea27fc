// What was told to this account, newest first.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const listing = require('../../utils/listing')
const navigate = require('../../utils/navigate')
const inbox = require('../../utils/inbox')
const { messageView, setOpened } = require('../../utils/messages')
const { explain } = require('../../utils/texts')

Page(screen({
  data: { items: [], total: 0, more: false, loadingMore: false, unread: 0, busy: false },

  onLoad() {
    /** @type {any[]} */
    this.rows = []
  },

  onVisible() {
    // The mark changes when a message was written, so then there is one more to show.
    this.off = inbox.watch((unread) => {
      if (unread > this.data.unread) this.refresh()
      this.show({ unread })
    })
    this.show({ unread: inbox.unread() })
    inbox.load()
  },

  onHidden() {
    this.off()
  },

  onPerson() {
    this.rows = []
    this.show({ status: 'loading', items: [] })
  },

  load() {
    // What is told without an event, as of a new device, counts on the mark as soon as it is seen.
    inbox.load()
    return listing.first(this)
  },

  /** @param {number} page @param {number} size */
  fetchRows(page, size) {
    return api.get('/messages', { page, page_size: size })
  },

  rowView: messageView,

  onReachBottom() {
    return listing.onward(this)
  },

  async readAll() {
    if (this.data.busy) return
    this.show({ busy: true })
    try {
      await api.act('POST', '/messages/read-all', {})
      await Promise.all([this.refresh(), inbox.load()])
    } catch (error) {
      this.show({ problem: explain(error).title })
    }
    this.show({ busy: false })
  },

  /** @param {any} event */
  open(event) {
    const { id } = event.currentTarget.dataset
    setOpened(this.rows.find((/** @type {any} */ row) => row.id === id))
    navigate.go('/pages/messages/detail')
  },
}))
