// Whose phone this is: `?person=林小雨` makes two iframes of one origin two phones.

const ROLES = ['student', 'teacher', 'operator', 'admin'];
/** Where the login page of the mini-program leaves the name that somebody chose. */
const CHOSEN = 'demo-person';

export class Person {
  constructor(search) {
    const query = new URLSearchParams(search);
    this.name = query.get('person')?.trim() || null;
    const role = query.get('role') ?? 'student';
    this.role = ROLES.includes(role) ? role : 'student';
    /** Before each key in the browser's storage; the phones of two people share nothing. */
    this.prefix = `mp:${this.name === null ? '' : `${this.role}:${this.name}`}:`;
  }

  /** The code that the server's demo mode takes; null when nobody was chosen yet. */
  loginCode(storage) {
    if (this.name !== null) return `dev:${this.role}:${this.name}`;
    const chosen = storage.get(CHOSEN);
    if (!chosen) return null;
    const { name, role = 'student' } = typeof chosen === 'string' ? { name: chosen } : chosen;
    return name ? `dev:${role}:${name}` : null;
  }
}
