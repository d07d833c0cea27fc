// Nothing to show, and what to do about it.

Component({
  properties: {
    icon: { type: String, value: 'calendar' },
    title: String,
    text: String,
    action: String,
  },
  methods: {
    act() {
      this.triggerEvent('act')
    },
  },
})
