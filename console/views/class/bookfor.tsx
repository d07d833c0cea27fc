// Booking for somebody: find the student, say what follows, book.

import { useEffect, useState } from 'preact/hooks';

import { api } from '../../lib/api.ts';
import { useForm } from '../../lib/form.ts';
import { t } from '../../lib/i18n.ts';
import { told } from '../../lib/told.ts';
import type { Page, Student } from '../../lib/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Failure, TextField } from '../../ui/field.tsx';
import { tell } from './actions.ts';
import type { Context } from './actions.ts';

const FOUND_MAX = 8;
const WAIT_MS = 200;
const NOTE_MAX = 2_000;

export function BookFor({ context, onClose }: { context: Context; onClose: () => void }) {
  const { now, changed } = context;
  const [student, setStudent] = useState<Student | null>(null);
  const form = useForm({
    // Who it is for is part of what is wished for: a tap for another is another tap.
    initial: { who: '', student_id: '', note: '' },
    check: ({ student_id, note }) => ({
      ...(student_id ? {} : { who: t('ask.book.first') }),
      ...([...note].length > NOTE_MAX ? { note: t('wrong.long', { max: NOTE_MAX }) } : {}),
    }),
    send: ({ student_id: profile_id, note }, key) =>
      api.post('/bookings', { schedule_id: now.id, profile_id, ...(note ? { note } : {}) }, { key }),
    done: () => {
      changed();
      onClose();
      tell(context, t('done.book', { name: student?.nickname ?? '' }));
    },
    fieldOf: (field) => (field === 'profile_id' ? 'who' : undefined),
  });
  const choose = (one: Student): void => {
    setStudent(one);
    form.set('student_id', one.id);
  };
  return (
    <Dialog title={t('ask.book')} onClose={onClose}>
      <form class="form" onSubmit={form.submit} noValidate>
        <TextField form={form} name="who" label={t('ask.book.find')} type="search" autocomplete="off" />
        <Found typed={form.values.who.trim()} chosen={student} onChoose={choose} />
        {now.seats_left === 0 ? (
          <p class="notice notice--warn">{t('ask.book.full')}</p>
        ) : (
          student && <p class="notice">{t(now.final_price_fen > 0 ? 'ask.book.follows.fee' : 'ask.book.follows', { name: student.nickname })}</p>
        )}
        <TextField form={form} name="note" label={t('ask.book.note')} maxLength={NOTE_MAX} />
        <Failure text={form.failure} />
        <div class="dialog__buttons">
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind="main" busy={form.busy}>
            {form.busy ? t('working') : t('ask.book.yes')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface FoundProps {
  typed: string;
  chosen: Student | null;
  onChoose: (student: Student) => void;
}

function Found({ typed, chosen, onChoose }: FoundProps) {
  const [found, setFound] = useState<{ by: string; items: Student[] } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      api.get<Page<Student>>('/students', { q: typed, page_size: FOUND_MAX }, stop.signal).then(
        ({ items }) => {
          setFound({ by: typed, items });
          setFailure(null);
        },
        (error: unknown) => stop.signal.aborted || setFailure(told(error)),
      );
    }, WAIT_MS);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [typed]);
  if (failure) return <Failure text={failure} />;
  // Until the server has answered this word, only those of the last answer who fit it can be chosen.
  const shown = found?.items.filter((student) => found.by === typed || fits(student, typed)) ?? [];
  if (found?.by === typed && typed && shown.length === 0) return <p class="hint">{t('ask.book.nobody', { what: typed })}</p>;
  return (
    <fieldset class="found">
      <legend class="sr-only">{t('ask.book.who')}</legend>
      {shown.map((student) => (
        <label key={student.id} class="found__one">
          <input type="radio" name="student" checked={chosen?.id === student.id} onChange={() => onChoose(student)} />
          <span class="ellipsis">{student.nickname}</span>
          {student.account_nickname && student.account_nickname !== student.nickname && (
            <span class="soft ellipsis">{t('ask.book.account', { name: student.account_nickname })}</span>
          )}
        </label>
      ))}
    </fieldset>
  );
}

const fits = ({ nickname, account_nickname }: Student, word: string): boolean =>
  [nickname, account_nickname ?? ''].some((name) => name.toLowerCase().includes(word.toLowerCase()));
