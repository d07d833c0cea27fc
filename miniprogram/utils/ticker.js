// Calls again and again until it is stopped.

/** @param {() => void} call */
module.exports = function ticker(call) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer
  const stop = () => { clearInterval(timer); timer = undefined }
  return {
    /** @param {number} every milliseconds */
    start(every) {
      stop()
      timer = setInterval(call, every)
    },
    stop,
  }
}
