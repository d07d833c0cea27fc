// The WeChat of the server's demo, in which everybody has a phone: it knows what templates are called,
// and what was allowed there arrives there. Elsewhere there is none, and a browser receives nothing.

export class DemoWeChat {
  #phone;

  /** `code` is what the person logs in with, as in `dev:student:林小雨`; null for nobody yet. */
  constructor(code) {
    this.#phone = code && `/sandbox/phone/${encodeURIComponent(code.replace(/^dev:/, ''))}`;
  }

  /** What templates are called, by their ids. */
  async titles() {
    return (await this.#ask('messages'))?.templates ?? {};
  }

  /** Notes the choices on the phone; answers what WeChat makes of them. */
  async choose(choices) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ choices }) };
    return (await this.#ask('subscribe', init)) ?? choices;
  }

  async #ask(what, init) {
    if (!this.#phone) return null;
    try {
      const response = await fetch(`${this.#phone}/${what}`, init);
      return response.ok ? await response.json() : null;
    } catch {
      return null;
    }
  }
}
