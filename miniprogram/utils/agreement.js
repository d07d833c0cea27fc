// What a person agrees to before anything of theirs is sent: the user agreement and the privacy notice.

const KEPT = 'agreed'
/** Which wording was agreed to; with another one it is asked for anew. */
const EDITION = '1'

/** Whether somebody on this device has agreed: then WeChat may say by itself who it is. */
const isGiven = () => wx.getStorageSync(KEPT) === EDITION

const give = () => wx.setStorageSync(KEPT, EDITION)

module.exports = { isGiven, give }
