// Which nicknames a demo's WeChat takes: they stand in paths, and two must never look alike.

const BYTES_MAX = 64;
/** What turns a line around, breaks it or cannot be seen; and what an address is made of. */
const UNSEEN = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const RESERVED = /[/\\?#%]/;

/** What a demo's student is called in WeChat. */
export const wechatName = (name) => `student:${name}`;

/** What is wrong with a nickname, as the last part of a text's key; null where nothing is. */
export function whatIsWrong(name) {
  if (!name.trim()) return 'blank';
  if (UNSEEN.test(name) || name.trim() !== name) return 'unseen';
  if (RESERVED.test(name)) return 'reserved';
  return new TextEncoder().encode(wechatName(name)).length > BYTES_MAX ? 'long' : null;
}
