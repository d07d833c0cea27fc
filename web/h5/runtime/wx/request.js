// wx.request over fetch: at most ten at a time, any status is a success, a task and never a promise.

import { reachable } from './hosts.js';

const AT_ONCE_MAX = 10;
const TIMEOUT_MS = 60_000;

export function addRequest(wx, mp) {
  let running = 0;
  const waiting = [];
  const next = () => {
    while (running < AT_ONCE_MAX && waiting.length > 0) {
      running += 1;
      waiting.shift()().finally(() => {
        running -= 1;
        next();
      });
    }
  };
  wx.request = (options) => {
    const control = new AbortController();
    const hear = new Set();
    waiting.push(() => run(mp, options, control, hear));
    next();
    return {
      abort: () => control.abort(),
      onHeadersReceived: (listener) => hear.add(listener),
      offHeadersReceived: (listener) => (listener ? hear.delete(listener) : hear.clear()),
    };
  };
}

async function run(mp, options, control, hear) {
  let isTimeout = false;
  const limit = options.timeout ?? mp.config.app.networkTimeout?.request ?? TIMEOUT_MS;
  const timer = setTimeout(() => {
    isTimeout = true;
    control.abort();
  }, limit);
  let answer;
  try {
    const response = await fetch(...described(mp, options, control.signal));
    const header = Object.fromEntries(response.headers);
    for (const listener of hear) listener({ header });
    answer = { data: await body(response, options), statusCode: response.status, header, cookies: [], errMsg: 'request:ok' };
  } catch (error) {
    const why = isTimeout ? 'timeout' : error.name === 'AbortError' ? 'abort' : error.message;
    answer = { errMsg: `request:fail ${why}`, errno: isTimeout ? 5 : 600001 };
  } finally {
    clearTimeout(timer);
  }
  (answer.statusCode === undefined ? options.fail : options.success)?.(answer);
  options.complete?.(answer);
}

function described(mp, options, signal) {
  const method = (options.method ?? 'GET').toUpperCase();
  const given = Object.entries(options.header ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  const headers = { 'content-type': 'application/json', ...Object.fromEntries(given) };
  const base = { method, headers, signal, credentials: 'omit', cache: 'no-store' };
  const url = reachable(mp, options.url, 'http');
  if (options.data === undefined || options.data === null) return [url, base];
  if (method === 'GET' || method === 'HEAD') return [withQuery(url, options.data), base];
  return [url, { ...base, body: encoded(options.data, headers['content-type']) }];
}

function withQuery(url, data) {
  const query = new URLSearchParams(data).toString();
  if (query === '') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${query}`;
}

function encoded(data, type) {
  if (typeof data === 'string' || data instanceof ArrayBuffer) return data;
  return type.includes('urlencoded') ? new URLSearchParams(data).toString() : JSON.stringify(data);
}

async function body(response, { responseType, dataType = 'json' }) {
  if (responseType === 'arraybuffer') return response.arrayBuffer();
  const text = await response.text();
  if (dataType !== 'json') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
