// A login that ran out in the midst of work: asked for over the page, which keeps all that was typed.

import { useState } from 'preact/hooks';

import { t } from '../../lib/i18n.ts';
import { about } from '../../lib/live.ts';
import { expired, session, user } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failure } from '../../ui/field.tsx';
import { LoginForms } from './forms.tsx';

export function Relogin() {
  if (!expired.value || !user.value) return null;
  return <ReloginDialog name={user.value.nickname} roles={user.value.roles} />;
}

function ReloginDialog({ name, roles }: { name: string; roles: readonly string[] }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const enter = async (): Promise<void> => {
    setBusy(true);
    try {
      await session.logIn({ code: `dev:${roles.at(-1)}:${name}` });
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
        {about.value?.mode !== 'demo' && <LoginForms />}
        <div class="dialog__buttons">
          {about.value?.mode === 'demo' && (
            <Button kind="main" busy={busy} onClick={() => void enter()}>
              {t('login.submit')}
            </Button>
          )}
          <Button kind="quiet" onClick={() => void session.logOut()}>
            {t('relogin.leave')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
