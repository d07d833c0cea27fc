// A server of a few lines for unit tests: it answers `wx.request` from a table, and plays the other
// end of the one socket. Answers come when the test lets promises settle, in the order of the calls.

import { compileApp, plain } from '../../unit/render.mjs';

export const app = () => compileApp('miniprogram');

export const LOGIN = {
  token: 't1', refresh: 'r1', studentId: 's1', again: null,
  user: { id: 'u1', nickname: '林小雨', roles: ['student'], teacher_id: null },
  students: [{ id: 's1', nickname: '林小雨', relation: 'self' }, { id: 's2', nickname: '小宝', relation: 'child' }],
};

export const ABOUT = { name: 'yueke', version: '1', mode: 'demo', clock: 'machine', zone: 'Asia/Shanghai', server_time: '2025-11-12T12:30:00.000+08:00' };

/** Said by a route in place of an answer. */
export const refusal = (status, reason, message = reason) => ({ refused: { status, reason, message } });
/** Said by a route when no answer comes at all. */
export const silence = (errMsg = 'request:fail timeout') => ({ errMsg });

/**
 * @param {Record<string, (request: any) => any>} routes by `METHOD /path`, without the query
 */
export function fakeServer(routes = {}) {
  /** @type {any[]} */
  const requests = [];
  /** @type {any[]} */
  const sockets = [];
  const table = {
    'GET /about': () => ABOUT,
    'GET /users/subscribe': () => ({ ask: {}, templates: [], reachable: true }),
    'GET /messages': () => ({ items: [], total: 0 }),
    'POST /ws/ticket': () => ({ ticket: 'k', expires_in: 30 }),
    ...routes,
  };
  const request = (options) => {
    const [path, query = ''] = options.url.replace(/^.*\/api\/v1/, '').split('?');
    const seen = { method: options.method, path, query, data: plain(options.data), header: plain(options.header) };
    requests.push(seen);
    Promise.resolve().then(() => {
      const route = table[`${seen.method} ${path}`];
      const answer = route ? route(seen) : refusal(404, 'not_found', `no route ${seen.method} ${path}`);
      return answer;
    }).then((answer) => {
      if (answer && answer.errMsg) options.fail(answer);
      else if (answer && answer.refused) options.success({ statusCode: answer.refused.status, data: { code: answer.refused.status, data: null, reason: answer.refused.reason, error: answer.refused.message, message: answer.refused.message } });
      else options.success({ statusCode: 200, data: { code: 200, message: '操作成功', data: answer } });
    });
    return { abort() {} };
  };
  const connectSocket = () => {
    const own = { heard: [], sent: [], closed: false };
    /** @type {Record<string, (event: any) => void>} */
    const on = {};
    sockets.push(Object.assign(own, {
      open: () => on.open({}),
      tell: (message) => on.message({ data: JSON.stringify(message) }),
      drop: () => on.close({ code: 1006, reason: '' }),
    }));
    return {
      send: ({ data }) => own.sent.push(JSON.parse(data)),
      close: () => { own.closed = true; },
      onOpen: (listener) => { on.open = listener; },
      onMessage: (listener) => { on.message = listener; },
      onClose: (listener) => { on.close = listener; },
      onError: (listener) => { on.error = listener; },
    };
  };
  return { requests, sockets, table, wx: { request, connectSocket, vibrateShort() {}, nextTick: (call) => call() } };
}

/** Lets everything that waits only for answers go on. */
export async function settle(rounds = 12) {
  for (let i = 0; i < rounds; i += 1) await new Promise((resolve) => { setImmediate(resolve); });
}

/** A class as the server tells it; what a test is about is given. */
export function schedule(change = {}) {
  return {
    id: 'c1', course_id: 'k1', course_name: '书法入门', starts_at: '2025-11-12T19:00:00.000+08:00', ends_at: '2025-11-12T21:00:00.000+08:00',
    capacity: 6, seats_taken: 6, seats_held: 0, seats_offered: 0, seats_left: 0, availability: 'booked',
    waitlist: { capacity: 8, length: 3, open: true }, cutoff_at: '2025-11-12T13:00:00.000+08:00', epoch: 1, version: 10,
    server_time: '2025-11-12T12:30:00.000+08:00', rounds: [], teacher_name: '林老师', location: '松风教室', final_price_fen: 0,
    ...change,
    mine: { booking: null, hold: null, waitlist_entry: null, offer: null, ...change.mine },
  };
}

export const OFFER = { id: 'o1', stage: 'race', sent_at: '2025-11-12T12:30:00.000+08:00', deadline: '2025-11-12T12:45:00.000+08:00', begun_at: null };
