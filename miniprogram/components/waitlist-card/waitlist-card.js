// A place in line: which class, which place, and the seat on offer when there is one.

Component({
  properties: {
    item: { type: Object, value: {} },
  },
  methods: {
    open() {
      this.triggerEvent('open', { id: this.data.item.waitlistId })
    },
    confirm() {
      this.triggerEvent('confirm', { id: this.data.item.waitlistId })
    },
  },
})
