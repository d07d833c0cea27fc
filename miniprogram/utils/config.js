// Where the server is. Put your own domain here, and list it for requests and sockets in WeChat's
// console. The build for browsers maps it to the origin that serves the page.

const HOST = 'yueke.example.com'

module.exports = {
  API: `https://${HOST}/api/v1`,
  SOCKET: `wss://${HOST}/api/v1/ws`,
}
