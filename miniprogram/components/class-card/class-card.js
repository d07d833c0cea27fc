// A class as one row: when, what, where, and how it stands for whoever looks.

Component({
  properties: {
    item: { type: Object, value: {} },
    dated: Boolean,
  },
  methods: {
    open() {
      this.triggerEvent('open', { id: this.data.item.id })
    },
  },
})
