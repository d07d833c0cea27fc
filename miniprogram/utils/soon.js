// Many reasons to do a thing become one doing of it, a moment later.

const MOMENT_MS = 250

/** @param {() => void} call */
module.exports = function soon(call) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const stop = () => { clearTimeout(timer); timer = undefined }
  return {
    call() {
      if (timer === undefined) timer = setTimeout(() => { timer = undefined; call() }, MOMENT_MS)
    },
    stop,
  }
}
