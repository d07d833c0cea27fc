// A login that ran out in the midst of work: asked for over the page, which keeps all that was typed.

import { useState } from 'preact/hooks';

import { t } from '../../lib/i18n.ts';
import { demoCode, expired, session, user } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failure } from '../../ui/field.tsx';
import { LoginForms } from './forms.tsx';

export function Relogin() {
  if (!expired.value || !user.value) return null;
  return <ReloginDialog name={user.value.nickname} code={demoCode.value} />;
}

function ReloginDialog({ name, code }: { name: string; code: string | null }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const enter = async (again: string): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await session.logIn({ code: again });
    } catch (error) {
      setFailure(told(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('relogin.title')}>
      <div class="form">
        <p>{t('relogin.text', { name })}</p>
        <Failure text={failure} />
        {code && (
          <Button kind="main" busy={busy} onClick={() => void enter(code)}>
            {t('relogin.demo', { name })}
          </Button>
        )}
        <LoginForms />
        <div class="dialog__buttons">
          <Button kind="quiet" onClick={() => void session.logOut()}>
            {t('relogin.leave')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
