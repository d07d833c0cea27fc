// Who is looking at the board: a demo student known by a nickname.

import { ApiError, call } from './api.js';
import { recall, remember } from './storage.js';

/** Logging in by a bare name exists in demo mode only. */
export class NotDemoError extends Error {}

export class Session {
  #language;
  #token = null;
  #login = null;
  /** That the server takes no bare names; it would not take the next one either. */
  #refusal = null;

  constructor({ language }) {
    this.#language = language;
    this.name = recall('name') || inventName(language());
    remember('name', this.name);
    this.#token = recall('token');
  }

  /** The token, by logging in first where there is none. */
  async token() {
    return this.#token ?? this.renew(null);
  }

  /** Logs in again, unless another request already did so since `stale` was used. */
  async renew(stale) {
    if (this.#token !== null && this.#token !== stale) return this.#token;
    const login = (this.#login ??= this.#logIn());
    try {
      return await login;
    } finally {
      if (this.#login === login) this.#login = null;
    }
  }

  /** Becomes another student; the next request logs in. */
  become(name) {
    this.name = name;
    remember('name', name);
    this.#login = null;
    this.#keep(null);
  }

  async #logIn() {
    if (this.#refusal) throw this.#refusal;
    const name = this.name;
    try {
      const { data } = await call({ method: 'POST', path: '/login', body: { code: `dev:student:${name}` }, language: this.#language() });
      if (name === this.name) this.#keep(data.token);
      return data.token;
    } catch (error) {
      const refused = error instanceof ApiError && [401, 403, 404].includes(error.status);
      if (!refused) throw error;
      this.#refusal = new NotDemoError(error.message);
      throw this.#refusal;
    }
  }

  #keep(token) {
    this.#token = token;
    remember('token', token);
  }
}

/** Two visitors should not meet as one student by default. */
function inventName(language) {
  const guest = language.startsWith('zh') ? '访客' : 'Guest';
  return `${guest}${String(crypto.getRandomValues(new Uint16Array(1))[0] % 10_000).padStart(4, '0')}`;
}
