// The console's own socket, and what it knows of the server.

import { signal } from '@preact/signals';

import { api } from './api.ts';
import { call } from './call.ts';
import { clock, tick } from './clock.ts';
import { language } from './i18n.ts';
import { LiveSocket } from './socket.ts';
import type { About } from './types.ts';

export const about = signal<About | null>(null);

/** The ticket that is under way: while a login is asked for, attempts come and go, and one request waits. */
let ticket: Promise<string> | null = null;

async function askTicket(): Promise<string> {
  try {
    return (await api.post<{ ticket: string }>('/ws/ticket')).ticket;
  } finally {
    ticket = null;
  }
}

export const live = new LiveSocket({
  fetchTicket: async () => {
    // Which clock it runs on decides how often it is asked for the time.
    await askAbout();
    ticket ??= askTicket();
    return ticket;
  },
  clock,
});

/** Asks the server what it is; a server that cannot be reached leaves what was known. */
export async function askAbout(): Promise<void> {
  const { data } = await call<About>({ method: 'GET', path: '/about', language: language.peek() });
  clock.manual = data.clock === 'manual';
  clock.observe(data.server_time);
  about.value = data;
  tick();
}
