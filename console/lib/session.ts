// Who works here: the tokens, their renewal, and what the person may do.

import { computed, signal } from '@preact/signals';

import { call } from './call.ts';
import { ApiError } from './errors.ts';
import { language } from './i18n.ts';
import { onElsewhere, recall, remember } from './storage.ts';
import { newRequestKey } from './tap.ts';
import type { LoggedIn, Role, User } from './types.ts';

interface Kept {
  token: string;
  refreshToken: string;
  user: User;
  /** What demo mode let this very account in by; there is none after another way in. */
  code?: string;
}

const kept = signal<Kept | null>(read());

/** Whoever is logged in. */
export const user = computed<User | null>(() => kept.value?.user ?? null);
/** The code by which demo mode lets the same account in again; null after another way in. */
export const demoCode = computed<string | null>(() => kept.value?.code ?? null);
/** Set while a login that ran out is asked for again, over whatever page is open. */
export const expired = signal(false);

const has = (...roles: Role[]): boolean => user.value?.roles.some((role) => roles.includes(role)) ?? false;
/** Operators, admins and owners: they work for the whole school. */
export const isStaff = computed(() => has('operator', 'admin', 'owner'));
export const isAdmin = computed(() => has('admin', 'owner'));
export const isTeacher = computed(() => has('teacher'));
export const mayWork = computed(() => isStaff.value || isTeacher.value);

let renewal: Promise<void> | null = null;
let loggedInAgain: (() => void)[] = [];

export const session = {
  token: (): string | null => kept.peek()?.token ?? null,
  userId: (): string | null => kept.peek()?.user.id ?? null,

  async logIn(body: Record<string, string>): Promise<void> {
    const { data } = await call<LoggedIn>({ method: 'POST', path: '/login', body, language: language.peek() });
    const other = kept.peek() !== null && kept.peek()?.user.id !== data.user.id;
    keep({ token: data.token, refreshToken: data.refresh_token, user: data.user, ...(body['code'] ? { code: body['code'] } : {}) });
    // The page is full of what somebody else was doing.
    if (other && expired.peek()) location.reload();
    resume();
  },

  /** A token that is not `stale`: by the refresh token, else by asking the person to log in. */
  async renew(stale: string | null): Promise<void> {
    if (kept.peek()?.token !== stale) return;
    renewal ??= renewOnce(stale).finally(() => {
      renewal = null;
    });
    await renewal;
  },

  async logOut(): Promise<void> {
    const token = kept.peek()?.token;
    keep(null);
    resume();
    if (token) {
      const end = { method: 'POST', path: '/logout', body: {}, token, key: newRequestKey(), language: language.peek() };
      await call(end).catch(() => undefined);
    }
  },
};

async function renewOnce(stale: string | null): Promise<void> {
  // A refresh token is good for one exchange: two tabs must not use the same one.
  const refreshed = await alone(async () => {
    // Where nothing may be stored there are no other tabs to mind.
    const latest = read() ?? kept.peek();
    if (latest && latest.token !== stale) {
      kept.value = latest;
      return true;
    }
    return latest ? exchange(latest) : false;
  });
  if (refreshed) return;
  if (kept.peek() === null) throw new ApiError({ status: 401, reason: 'unauthorized' });
  expired.value = true;
  await new Promise<void>((resolve) => loggedInAgain.push(resolve));
  if (kept.peek() === null) throw new ApiError({ status: 401, reason: 'unauthorized' });
}

async function exchange(old: Kept): Promise<boolean> {
  try {
    const body = { refresh_token: old.refreshToken };
    const { data } = await call<LoggedIn>({ method: 'POST', path: '/token/refresh', body, language: language.peek() });
    keep({ ...old, token: data.token, refreshToken: data.refresh_token, user: data.user });
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.unknown) throw error;
    return false;
  }
}

function alone<T>(work: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  return locks ? locks.request('yueke.console.session', work) : work();
}

function resume(): void {
  expired.value = false;
  const waiting = loggedInAgain;
  loggedInAgain = [];
  for (const go of waiting) go();
}

function keep(next: Kept | null): void {
  kept.value = next;
  remember('session', next && JSON.stringify(next));
}

function read(): Kept | null {
  try {
    return JSON.parse(recall('session') ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}

/** Another tab logged in, out, or renewed the tokens. */
export function followOtherTabs(): void {
  onElsewhere('session', () => {
    const before = kept.peek();
    const latest = read();
    if (before && latest && before.user.id !== latest.user.id) location.reload();
    kept.value = latest;
    resume();
  });
}
