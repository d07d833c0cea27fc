// The frame of every page: the state of the connection, what stands there before the content does,
// and offers that arrive wherever one is.

Component({
  properties: {
    status: { type: String, value: 'loading' },
    problem: String,
    advice: String,
    skeleton: { type: String, value: 'list' },
    /** That the tab bar stands below. */
    tabbed: Boolean,
  },
  methods: {
    retry() {
      this.triggerEvent('retry')
    },
  },
})
