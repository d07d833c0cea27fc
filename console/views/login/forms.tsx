// The two ways in that every server has.

import { useEffect, useState } from 'preact/hooks';

import { call } from '../../lib/call.ts';
import { useForm } from '../../lib/form.ts';
import { language, t } from '../../lib/i18n.ts';
import { session } from '../../lib/session.ts';
import { told } from '../../lib/told.ts';
import { Button } from '../../ui/button.tsx';
import { Failure, TextField } from '../../ui/field.tsx';
import { toast } from '../../ui/toast.tsx';

type Way = 'password' | 'phone';

export function LoginForms() {
  const [way, setWay] = useState<Way>('password');
  return (
    <section>
      <div class="tabs" role="tablist">
        {(['password', 'phone'] as const).map((one) => (
          <button key={one} type="button" role="tab" class="tab" aria-selected={way === one} onClick={() => setWay(one)}>
            {t(`login.${one}`)}
          </button>
        ))}
      </div>
      {way === 'password' ? <PasswordForm /> : <PhoneForm />}
    </section>
  );
}

function PasswordForm() {
  const form = useForm({
    initial: { username: '', password: '' },
    check: ({ username, password }) => ({
      ...(username.trim() ? {} : { username: t('wrong.empty') }),
      ...(password ? {} : { password: t('wrong.empty') }),
    }),
    // A number is somebody's phone: names of accounts are not made of digits alone.
    send: ({ username, password }) =>
      session.logIn(PHONE.test(username.trim()) ? { phone: username.trim(), password } : { username: username.trim(), password }),
    done: () => undefined,
    fieldOf: (field) => (field === 'phone' ? 'username' : undefined),
  });
  return (
    <form class="form" onSubmit={form.submit} noValidate>
      <TextField form={form} name="username" label={t('login.username')} autocomplete="username" maxLength={64} />
      <TextField form={form} name="password" label={t('login.secret')} type="password" autocomplete="current-password" maxLength={128} />
      <Failure text={form.failure} />
      <Button type="submit" kind="main" busy={form.busy}>
        {t('login.submit')}
      </Button>
    </form>
  );
}

const PHONE = /^(\+?86)?1\d{10}$/;

function PhoneForm() {
  const [again, setAgain] = useState(0);
  const [asking, setAsking] = useState(false);
  const form = useForm({
    initial: { phone: '', sms_code: '' },
    check: ({ phone, sms_code }) => ({
      ...(PHONE.test(phone.trim()) ? {} : { phone: t('login.wrong.number') }),
      ...(/^\d{6}$/.test(sms_code.trim()) ? {} : { sms_code: t('login.wrong.code') }),
    }),
    send: ({ phone, sms_code }) => session.logIn({ phone: phone.trim(), sms_code: sms_code.trim() }),
    done: () => undefined,
  });
  useEffect(() => {
    if (again <= 0) return undefined;
    const timer = setTimeout(() => setAgain(again - 1), 1_000);
    return () => clearTimeout(timer);
  }, [again]);
  const sendCode = async (): Promise<void> => {
    form.left('phone');
    if (!PHONE.test(form.values.phone.trim())) return;
    setAsking(true);
    try {
      const body = { phone: form.values.phone.trim(), purpose: 'login' };
      const { data } = await call<{ resend_in: number }>({ method: 'POST', path: '/sms/send', body, language: language.peek() });
      setAgain(data.resend_in);
      toast(t('login.sent'));
    } catch (error) {
      toast(told(error), { bad: true });
    } finally {
      setAsking(false);
    }
  };
  return (
    <form class="form" onSubmit={form.submit} noValidate>
      <TextField form={form} name="phone" label={t('login.number')} type="tel" inputMode="tel" autocomplete="tel" maxLength={20} />
      <div class="row row--end">
        <TextField form={form} name="sms_code" label={t('login.code')} inputMode="numeric" autocomplete="one-time-code" maxLength={6} />
        <Button busy={asking} disabled={again > 0} onClick={() => void sendCode()}>
          {again > 0 ? t('login.again', { seconds: again }) : t('login.send')}
        </Button>
      </div>
      <Failure text={form.failure} />
      <Button type="submit" kind="main" busy={form.busy}>
        {t('login.submit')}
      </Button>
    </form>
  );
}
