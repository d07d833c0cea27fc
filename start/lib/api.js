// HTTP: one envelope, one kind of error, a token that renews itself, retries that cannot repeat
// an effect.

const RETRIES_MAX = 2;
const RETRY_WAIT_MS_MAX = 3_000;

/** What the server refused, or `status` 0 when it could not be reached. */
export class ApiError extends Error {
  constructor({ status, reason, text, retryAfterMs }) {
    super(text || reason || String(status));
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  get unreachable() {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

export class Api {
  #session;
  #language;

  /** `session` gives and renews the token (see person.js); `language()` is the page's. */
  constructor({ session, language }) {
    this.#session = session;
    this.#language = language;
  }

  get(path) {
    return this.send('GET', path);
  }

  post(path, body = {}) {
    return this.send('POST', path, body);
  }

  /**
   * Sends a request as the person logged in; answers `{ data, message }`. A change carries a
   * request key, so that sending it again after a lost answer has one effect.
   */
  async send(method, path, body) {
    const key = method === 'GET' ? undefined : newRequestKey();
    let renewed = false;
    for (let attempt = 0; ; attempt += 1) {
      const token = await this.#session.token();
      try {
        return await call({ method, path, body, token, key, language: this.#language() });
      } catch (error) {
        if (error.status === 401 && !renewed) {
          renewed = true;
          await this.#session.renew(token);
          continue;
        }
        const wait = waitBeforeRetry(error, attempt);
        if (wait === null) throw error;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }
}

/** One exchange, without a session: also used to log in. */
export async function call({ method, path, body, token, key, language }) {
  const headers = { Accept: 'application/json', 'Accept-Language': language };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiError({ status: 0, reason: 'unreachable' });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return { data: answer.data, message: answer.message };
  throw new ApiError({
    status: response.status,
    reason: answer?.reason,
    text: answer?.error ?? answer?.message,
    retryAfterMs: Number(response.headers.get('Retry-After') ?? 0) * 1000,
  });
}

/** Only what may have been lost or is busy is tried again; null when not. */
function waitBeforeRetry(error, attempt) {
  if (attempt >= RETRIES_MAX) return null;
  const passing = error.status === 0 || error.status === 503 || error.reason === 'request_in_progress';
  if (!passing || (error.retryAfterMs ?? 0) > RETRY_WAIT_MS_MAX) return null;
  return Math.max(error.retryAfterMs ?? 0, 250 * 2 ** attempt);
}

/** Random, also where the page is not a secure context and has no randomUUID. */
function newRequestKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
