// My bookings, what is to come first.

const screen = require('../../utils/screen')
const api = require('../../utils/api')
const listing = require('../../utils/listing')
const navigate = require('../../utils/navigate')
const offers = require('../../utils/offers')
const soon = require('../../utils/soon')
const { bookingView } = require('../../utils/bookings')

const FILTERS = [
  { id: 'upcoming', name: '将要上课' },
  { id: '', name: '全部' },
  { id: 'completed', name: '已完成' },
  { id: 'cancelled', name: '已取消' },
  { id: 'no_show', name: '爽约' },
]

Page(screen({
  data: { filters: FILTERS, filter: 'upcoming', items: [], total: 0, more: false, loadingMore: false, fetching: false },

  onLoad() {
    this.rows = []
    this.later = soon(() => this.refresh())
  },

  onUnload() {
    this.later.stop()
  },

  onVisible() {
    this.off = offers.onNews((event) => { if (event.event === 'booking') this.later.call() })
  },

  onHidden() {
    this.off()
  },

  async load() {
    return { ...await listing.first(this), fetching: false }
  },

  onFailed() {
    this.show({ fetching: false })
  },

  /** @param {number} page @param {number} size */
  fetchRows(page, size) {
    const { filter } = this.data
    return filter === 'upcoming'
      ? api.get('/bookings/mine/upcoming', { page, page_size: size })
      : api.get('/bookings', { status: filter, page, page_size: size })
  },

  rowView: bookingView,

  onReachBottom() {
    return listing.onward(this)
  },

  /** @param {any} event */
  choose(event) {
    this.rows = []
    this.show({ filter: event.currentTarget.dataset.id, items: [], more: false, fetching: true })
    this.refresh()
  },

  /** @param {any} event */
  open({ detail }) {
    navigate.go(`/pages/booking/detail?id=${detail.id}`)
  },
  openCalendar() {
    navigate.go('/pages/calendar/index')
  },
}))
