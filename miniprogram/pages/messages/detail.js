// One message in full; looking at it marks it as read.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const { route } = require('../../utils/http')
const navigate = require('../../utils/navigate')
const inbox = require('../../utils/inbox')
const { messageView, placeOf, opened } = require('../../utils/messages')
const { explain } = require('../../utils/texts')

Page(screen({
  data: { title: '', at: '', body: '', place: null },

  async load() {
    const message = opened()
    if (!message) return {}
    if (!message.read_at) this.note(message.id)
    const { title, at, body } = messageView(message)
    return { title, at, body, place: placeOf(message) }
  },

  /** Where that is not heard, the message stays unread in the list. @param {string} id */
  async note(id) {
    try {
      await api.act('PUT', route`/messages/${id}/read`, {})
      inbox.load()
    } catch (error) {
      explain(error)
    }
  },

  go() {
    navigate.go(this.data.place.url)
  },
}))
