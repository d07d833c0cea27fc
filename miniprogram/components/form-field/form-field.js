// One field of a form, with its name above and what is wrong with it below.

Component({
  properties: {
    label: String,
    /** `text`, `number`, `password` or `textarea`. */
    kind: { type: String, value: 'text' },
    value: String,
    placeholder: String,
    hint: String,
    problem: String,
    maxlength: { type: Number, value: 200 },
    confirm: { type: String, value: 'done' },
  },
  methods: {
    /** @param {any} event */
    type(event) {
      this.triggerEvent('change', { value: event.detail.value })
    },
    leave() {
      this.triggerEvent('leave')
    },
    finish() {
      this.triggerEvent('finish')
    },
  },
})
