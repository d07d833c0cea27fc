// Asking before something is done: what will follow, what has to be said, and how it went.

import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { useForm } from '../lib/form.ts';
import type { Problems, Values } from '../lib/form.ts';
import { t } from '../lib/i18n.ts';
import { place } from '../lib/router.ts';
import { Button } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { Failure, SelectField, TextField } from './field.tsx';
import type { Choice } from './field.tsx';

export interface AskedField {
  name: string;
  label: string;
  initial?: string;
  hint?: string;
  type?: 'text' | 'number' | 'check';
  choices?: readonly Choice[];
  maxLength?: number;
  /** What is wrong with it. */
  check?: (value: string) => string | undefined;
  /** The reason of a refusal that is about this field, and stands beside it. */
  refusal?: string;
}

export interface Asked {
  title: string;
  /** What will follow: who is told, what becomes free, what cannot be undone. */
  follows: readonly string[];
  yes: string;
  danger?: boolean;
  fields?: readonly AskedField[];
  /** Things have changed since it was asked, and it cannot be done any more. */
  isOver?: boolean;
  run: (values: Values, key: string) => Promise<unknown>;
}

const asked = signal<{ what: () => Asked; id: number } | null>(null);
let latest = 0;

/** `what` is asked anew whenever a signal that it reads changes: what is said is what is so, until it is answered. */
export function ask(what: () => Asked): void {
  latest += 1;
  asked.value = { what, id: latest };
}

/** Draws what is asked; stands once, at the end of the page. */
export function AskHost() {
  const current = asked.value;
  const page = place.value.path.join('/');
  // What is asked about one page must not be answered on another.
  useEffect(() => () => void (asked.value = null), [page]);
  if (!current) return null;
  return <AskDialog key={current.id} what={current.what} onClose={() => (asked.value = null)} />;
}

function AskDialog({ what, onClose }: { what: () => Asked; onClose: () => void }) {
  const { now, hasChanged, freeze } = useAsked(what);
  const { title, follows, yes, danger, fields = [], run, isOver = false } = now;
  const [initial] = useState<Values>(() => Object.fromEntries(fields.map(({ name, initial = '' }) => [name, initial])));
  const form = useForm<Values, unknown>({
    initial,
    check: (values) => {
      const problems: Problems<Values> = {};
      for (const { name, check } of fields) problems[name] = check?.(values[name] ?? '');
      return problems;
    },
    send: (values, key) => freeze(() => run(values, key)),
    done: onClose,
    fieldOfReason: (reason) => fields.find(({ refusal }) => refusal === reason)?.name,
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <form class="form" onSubmit={form.submit} noValidate>
        <div role="status">
          {hasChanged && <p class={`notice notice--${isOver ? 'bad' : 'warn'}`}>{t(isOver ? 'ask.over' : 'ask.changed')}</p>}
        </div>
        {follows.length > 0 && (
          <ul class="follows">
            {follows.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        {fields.map((field) => (
          <AskedInput key={field.name} form={form} field={field} />
        ))}
        <Failure text={form.failure} />
        <div class="dialog__buttons">
          <Button onClick={onClose}>{t('back')}</Button>
          <Button type="submit" kind={danger ? 'danger' : 'main'} busy={form.busy} disabled={isOver && !form.failure}>
            {form.busy ? t('working') : yes}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What is asked by now, and whether that is still what was asked at first. */
function useAsked(what: () => Asked): { now: Asked; hasChanged: boolean; freeze: <T>(work: () => Promise<T>) => Promise<T> } {
  const state = useRef({ now: null as Asked | null, first: '', hasChanged: false, isSending: false });
  const own = state.current;
  // While it is sent the class changes by it: that is no news of somebody else's doing.
  if (!own.now || !own.isSending) {
    own.now = what();
    const { title, follows, isOver } = own.now;
    const text = JSON.stringify([title, follows, isOver === true]);
    own.first ||= text;
    own.hasChanged ||= text !== own.first;
  }
  const freeze = async <T,>(work: () => Promise<T>): Promise<T> => {
    own.isSending = true;
    try {
      return await work();
    } catch (error) {
      own.isSending = false;
      throw error;
    }
  };
  return { now: own.now, hasChanged: own.hasChanged, freeze };
}

function AskedInput({ form, field }: { form: ReturnType<typeof useForm<Values, unknown>>; field: AskedField }) {
  const { name, label, hint, choices, type = 'text', maxLength } = field;
  const common = { form, name, label, ...(hint ? { hint } : {}) };
  if (choices) return <SelectField {...common} choices={choices} />;
  if (type === 'check') {
    return (
      <label class="check">
        <input
          type="checkbox"
          name={name}
          checked={form.values[name] === '1'}
          onChange={(event) => form.set(name, event.currentTarget.checked ? '1' : '')}
        />
        {label}
      </label>
    );
  }
  return <TextField {...common} type={type} {...(maxLength ? { maxLength } : {})} />;
}
