// Who sees what: the login, the console, or why there is nothing here for them.

import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { language, languageTag, t } from '../lib/i18n.ts';
import { live } from '../lib/live.ts';
import { mayWork, session, user } from '../lib/session.ts';
import { AskHost } from '../ui/ask.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/feedback.tsx';
import { forgetToasts, ToastHost } from '../ui/toast.tsx';
import { Login } from './login/login.tsx';
import { Relogin } from './login/relogin.tsx';
import { Shell } from './shell/shell.tsx';

export function App() {
  const id = user.value?.id;
  useEffect(
    () =>
      effect(() => {
        document.documentElement.lang = languageTag();
        document.title = t('title');
      }),
    [],
  );
  useEffect(() => {
    if (!id) return undefined;
    live.start();
    return () => {
      live.stop();
      forgetToasts();
    };
  }, [id]);
  return (
    // A switched language draws everything anew: dates and numbers too.
    <div class="app" key={language.value}>
      {!user.value ? <Login /> : mayWork.value ? <Shell /> : <NotForYou name={user.value.nickname} />}
      <Relogin />
      <AskHost />
      <ToastHost />
    </div>
  );
}

function NotForYou({ name }: { name: string }) {
  return (
    <main class="alone">
      <Empty title={t('notyou.title')}>
        <p>{t('notyou.text', { name })}</p>
        <p class="row">
          <a class="button" href="/m/">
            {t('notyou.open')}
          </a>
          <Button onClick={() => void session.logOut()}>{t('nav.logout')}</Button>
        </p>
      </Empty>
    </main>
  );
}
