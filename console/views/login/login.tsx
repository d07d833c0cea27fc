// Logging in: by password, by a code, and in demo mode by one tap.

import { useEffect, useState } from 'preact/hooks';

import { language, t, useLanguage } from '../../lib/i18n.ts';
import { about, askAbout } from '../../lib/live.ts';
import { session } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import { Button } from '../../ui/button.tsx';
import { Failure } from '../../ui/field.tsx';
import icon from '../../icon.svg';
import { LoginForms } from './forms.tsx';

const AGAIN_MS = 3_000;

export function Login() {
  return (
    <main class="login">
      <section class="login__sheet">
        <header class="login__head">
          <img src={icon} alt="" width="44" height="44" />
          <div>
            <h1>{t('login.title')}</h1>
            <p class="soft">{t('login.lead')}</p>
          </div>
        </header>
        <DemoLogins />
        <LoginForms />
        <footer class="login__foot">
          <a href="/m/">{t('login.mini')}</a>
          <Button kind="quiet" small onClick={() => useLanguage(language.peek() === 'zh' ? 'en' : 'zh')}>
            {t('nav.language')}
          </Button>
        </footer>
      </section>
    </main>
  );
}

/** Asks what kind of server this is until it answers. */
function useAbout(): { away: boolean } {
  const [away, setAway] = useState(false);
  useEffect(() => {
    let timer = 0;
    const askAgain = (): void => {
      askAbout().then(
        () => setAway(false),
        () => {
          setAway(true);
          timer = setTimeout(askAgain, AGAIN_MS);
        },
      );
    };
    askAgain();
    return () => clearTimeout(timer);
  }, []);
  return { away };
}

/** The people of the demo data, and who runs it. */
const COACHES = ['林老师', '周老师'];

function DemoLogins() {
  const { away } = useAbout();
  const [busy, setBusy] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  if (away) return <Failure text={t('login.away')} />;
  if (about.value?.mode !== 'demo') return null;
  const enter = async (code: string): Promise<void> => {
    setBusy(code);
    setFailure(null);
    try {
      await session.logIn({ code });
    } catch (error) {
      setFailure(told(error));
    } finally {
      setBusy('');
    }
  };
  const people = [
    ...COACHES.map((name) => ({ code: `dev:teacher:${name}`, label: t('login.demo.teacher', { name }) })),
    { code: 'dev:operator:运营', label: t('login.demo.operator') },
    { code: 'dev:admin:管理员', label: t('login.demo.admin') },
  ];
  return (
    <section class="login__demo" aria-labelledby="demo-title">
      <h2 id="demo-title">{t('login.demo')}</h2>
      <div class="login__people">
        {people.map(({ code, label }) => (
          <Button key={code} kind="main" busy={busy === code} onClick={() => void enter(code)}>
            {label}
          </Button>
        ))}
      </div>
      <p class="hint">{t('login.demo.hint')}</p>
      <Failure text={failure} />
    </section>
  );
}
