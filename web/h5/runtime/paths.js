// Paths and queries as WeChat writes them: queries are not decoded for the page.

/** `../b/c` seen from `pages/a/a` → `pages/b/c`; a leading slash is the package's root. */
export function resolvePath(target, from) {
  const parts = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** `pages/a?x=1` → `{ path: 'pages/a', search: 'x=1' }`. */
export function splitUrl(url) {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, search: '' } : { path: url.slice(0, at), search: url.slice(at + 1) };
}

export function parseQuery(search) {
  const pairs = search.split('&').filter(Boolean).map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}
