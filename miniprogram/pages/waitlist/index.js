// My places in line: those of now, live, and those that ended.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const listing = require('../../utils/listing')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const soon = require('../../utils/soon')
const { placeView, entryView } = require('../../utils/places')

Page(screen({
  data: { now: [], items: [], total: 0, more: false, loadingMore: false },

  onLoad() {
    this.rows = []
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.watches = [
      offers.watch((places) => this.show({ now: places.map(placeView) })),
      offers.onNews((event) => { if (event.event !== 'position') this.later.call() }),
    ]
    this.show({ now: offers.places().map(placeView) })
  },

  onHidden() {
    this.watches.forEach((/** @type {() => void} */ off) => off())
  },

  load() {
    return listing.first(this)
  },

  /** @param {number} page @param {number} size */
  async fetchRows(page, size) {
    const answer = await api.get('/waitlist/my', { page, page_size: size })
    return { ...answer, items: answer.items.map((/** @type {any} */ entry) => ({ ...entry, id: entry.waitlist_id || entry.id })) }
  },

  rowView: entryView,

  onReachBottom() {
    return listing.onward(this)
  },

  /** @param {any} event */
  open({ detail }) {
    navigate.go(`/pages/waitlist/detail?id=${detail.id}`)
  },
  /** @param {any} event */
  confirm({ detail }) {
    navigate.go(`/pages/waitlist/detail?id=${detail.id}&confirm=1`)
  },
  /** @param {any} event */
  openStatus({ detail }) {
    navigate.go(`/pages/waitlist/status?id=${detail.id}`)
  },
  openCalendar() {
    navigate.go('/pages/calendar/index')
  },
}))
