// Serves built files as the real server does, with its policy for scripts; for tests of what is built.

import http from 'node:http';
import path from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.png': 'image/png' };
export const POLICY = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

/**
 * @param {Record<string, Map<string, string | Uint8Array>>} areas files by the folder that they are served in: `/m/`
 * @returns {Promise<{ base: string, close: () => Promise<void> }>}
 */
export async function serve(areas) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const area = Object.keys(areas).find((prefix) => pathname.startsWith(prefix));
    const name = area && (pathname.slice(area.length) || 'index.html');
    const content = area && areas[area].get(name);
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { base: `http://127.0.0.1:${server.address().port}`, close };
}
