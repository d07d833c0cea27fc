import { t } from '../lib/i18n.ts';
import { Button } from './button.tsx';

interface Props {
  page: number;
  pageSize: number;
  total: number;
  onPage: (page: number) => void;
}

export function Pager({ page, pageSize, total, onPage }: Props) {
  const pages = Math.max(1, Math.ceil(total / pageSize));
  if (pages === 1) return <p class="pager">{t('pager.total', { total })}</p>;
  return (
    <nav class="pager" aria-label={t('pager.label')}>
      <Button small disabled={page <= 1} onClick={() => onPage(page - 1)}>
        {t('pager.before')}
      </Button>
      <span>{t('pager.where', { page, pages, total })}</span>
      <Button small disabled={page >= pages} onClick={() => onPage(page + 1)}>
        {t('pager.next')}
      </Button>
    </nav>
  );
}
