// What this program runs on.

/** Whether it is the page that browsers are served, and not WeChat. */
function isPage() {
  const { miniProgram } = wx.getAccountInfoSync()
  return String(miniProgram.envVersion) === 'h5'
}

module.exports = { isPage }
