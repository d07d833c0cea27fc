// What went wrong, as one sentence for whoever looks at it.

import { ApiError } from './errors.ts';
import { t } from './i18n.ts';

export function told(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.unknown', { what: String(error) });
  if (error.reason === 'late') return t('error.late');
  if (error.unreachable) return t('error.unreachable');
  return error.text || t('error.status', { status: error.status });
}
