// A demo student: logs in by name, and sees how a class stands for themself.

import { call } from './api.js';

export class Person {
  #language;
  #token = null;
  #login = null;

  constructor(name, { language }) {
    this.name = name;
    this.#language = language;
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
      this.#login = null;
    }
  }

  async look(id) {
    return (await this.api.get(`/schedules/${encodeURIComponent(id)}`)).data;
  }

  async #logIn() {
    const body = { code: `dev:student:${this.name}` };
    const { data } = await call({ method: 'POST', path: '/login', body, language: this.#language() });
    this.#token = data.token;
    return data.token;
  }
}
