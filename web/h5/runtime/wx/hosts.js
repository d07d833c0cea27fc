// The origins that the source asks, as they are in this build; others a device would refuse.

/** @param {'http' | 'ws'} scheme */
export function reachable(mp, url, scheme) {
  for (const [origin, target] of Object.entries(mp.config.hosts)) {
    const known = scheme === 'ws' ? origin.replace(/^http/, 'ws') : origin;
    if (url !== known && !url.startsWith(`${known}/`)) continue;
    const place = target === 'self' ? location.origin : target;
    return (scheme === 'ws' ? place.replace(/^http/, 'ws') : place) + url.slice(known.length);
  }
  mp.report('domain', `${url} is of no listed domain`);
  return url;
}
