// What went wrong, and the way on.

Component({
  properties: { title: String, text: String },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
