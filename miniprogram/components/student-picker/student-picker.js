// For which of the account's students one looks and books; not there when there is only one.

const session = require('../../utils/session')

Component({
  data: { students: [], chosen: '' },
  lifetimes: {
    attached() {
      this.off = session.watch(() => this.read())
      this.read()
    },
    detached() {
      this.off()
    },
  },
  methods: {
    read() {
      const { login } = session.get()
      const student = session.student()
      this.setData({ students: login ? login.students : [], chosen: student ? student.id : '' })
    },
    /** @param {any} event */
    choose(event) {
      session.chooseStudent(event.currentTarget.dataset.id)
    },
  },
})
