// Where the server is. The page build maps this host to the origin that serves the page.

const HOST = 'yueke.example.com'

module.exports = {
  API: `https://${HOST}/api/v1`,
  SOCKET: `wss://${HOST}/api/v1/ws`,
}
