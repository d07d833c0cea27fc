// What a request can come back with instead of an answer.

export interface Refusal {
  status: number;
  reason: string;
  text?: string;
  requestId?: string;
  retryAfterMs?: number;
}

/** What the server refused, or `status` 0 when it could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** What may be shown; empty when the server said nothing. */
  readonly text: string;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number;

  constructor({ status, reason, text = '', requestId, retryAfterMs = 0 }: Refusal) {
    super(text || reason);
    this.status = status;
    this.reason = reason;
    this.text = text;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }

  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }

  /** Whether it may have been done all the same: the same key must be used again. */
  get unknown(): boolean {
    return this.unreachable || this.status >= 500 || this.reason === 'request_in_progress';
  }

  /** The field that a 400 names, as the request's body calls it. */
  get field(): string | null {
    if (this.reason !== 'invalid_request') return null;
    return /^参数 (\S+) 无效|^invalid `([^`]+)`/.exec(this.text)?.slice(1).find(Boolean) ?? null;
  }

  /** What a 400 says about its field, without the field's name: it stands beside it. */
  get aboutField(): string {
    return this.text.replace(/^参数 \S+ 无效：/, '').replace(/^invalid `[^`]+`: /, '');
  }
}
