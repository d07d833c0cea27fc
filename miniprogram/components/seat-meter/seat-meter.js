// The seats of a class: each of its own while they can be drawn, else their share.

const { seatsOf, seatsLabel } = require('../../utils/classes')

Component({
  properties: {
    schedule: {
      type: Object,
      value: {},
      /** @param {any} schedule */
      observer(schedule) {
        if (!schedule || !schedule.capacity) return
        const share = Math.round(((schedule.capacity - schedule.seats_left) / schedule.capacity) * 100)
        const seats = seatsOf(schedule).map((kind, place) => ({ place, kind }))
        this.setData({ seats, label: seatsLabel(schedule), share })
      },
    },
  },
  data: { seats: [], label: '', share: 0 },
})
