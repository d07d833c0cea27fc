// Forms: what is typed, what is wrong with it, and sending it once.

import { useRef, useState } from 'preact/hooks';

import { ApiError } from './errors.ts';
import { Tap } from './tap.ts';
import { told } from './told.ts';

export type Values = Record<string, string>;
export type Problems<V extends Values> = Partial<Record<keyof V, string>>;

interface Options<V extends Values, T> {
  initial: V;
  /** What is wrong, in words, by field. */
  check: (values: V) => Problems<V>;
  /** Sends it under a request key. */
  send: (values: V, key: string) => Promise<T>;
  done: (answer: T, values: V) => void;
  /** The field of the form for a field of the request, where they are called differently. */
  fieldOf?: (field: string) => keyof V | undefined;
  /** The field that a refusal by a rule is about, by its reason. */
  fieldOfReason?: (reason: string) => keyof V | undefined;
}

export interface Form<V extends Values> {
  values: V;
  set: (name: keyof V, value: string) => void;
  /** What is wrong with a field, once it was typed in and left, or the form was sent. */
  problem: (name: keyof V) => string | undefined;
  left: (name: keyof V) => void;
  /** The focus is elsewhere. Who only passed through a field is not told that it is empty. */
  blurred: (name: keyof V) => void;
  /** What the server said that is about no one field. */
  failure: string | null;
  busy: boolean;
  submit: (event: Event) => void;
}

export function useForm<V extends Values, T>(options: Options<V, T>): Form<V> {
  const [values, setValues] = useState(options.initial);
  const [left, setLeft] = useState<ReadonlySet<keyof V>>(new Set());
  const [refused, setRefused] = useState<Problems<V>>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const tap = useRef(new Tap());
  const typed = useRef(new Set<keyof V>());
  const problems = options.check(values);

  const submit = async (form: HTMLFormElement): Promise<void> => {
    setLeft(new Set(Object.keys(values)));
    setFailure(null);
    setRefused({});
    if (Object.values(problems).some(Boolean)) {
      focusFirst(form, problems);
      return;
    }
    setBusy(true);
    try {
      const answer = await options.send(values, tap.current.key(values));
      tap.current.settled();
      options.done(answer, values);
    } catch (error) {
      if (error instanceof ApiError && !error.unknown) tap.current.settled();
      const field = error instanceof ApiError ? (named(error.field) ?? options.fieldOfReason?.(error.reason)) : undefined;
      if (field && error instanceof ApiError) {
        const about = { [field]: error.aboutField } as Problems<V>;
        setRefused(about);
        focusFirst(form, about);
      } else {
        setFailure(told(error));
      }
    } finally {
      setBusy(false);
    }
  };

  function leave(name: keyof V): void {
    setLeft((old) => new Set(old).add(name));
  }

  function named(field: string | null): keyof V | undefined {
    if (!field) return undefined;
    return options.fieldOf?.(field) ?? (Object.hasOwn(values, field) ? field : undefined);
  }

  return {
    values,
    failure,
    busy,
    set: (name, value) => {
      typed.current.add(name);
      setValues((old) => ({ ...old, [name]: value }));
      setRefused((old) => ({ ...old, [name]: undefined }));
    },
    left: leave,
    blurred: (name) => {
      if (typed.current.has(name)) leave(name);
    },
    problem: (name) => refused[name] ?? (left.has(name) ? problems[name] : undefined),
    submit: (event) => {
      event.preventDefault();
      if (!busy && event.currentTarget instanceof HTMLFormElement) void submit(event.currentTarget);
    },
  };
}

function focusFirst<V extends Values>(form: HTMLFormElement, problems: Problems<V>): void {
  for (const element of form.elements) {
    const name = element.getAttribute('name');
    if (name && problems[name] && element instanceof HTMLElement) {
      element.focus();
      return;
    }
  }
}
