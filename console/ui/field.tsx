// Fields of forms: a label, the field, what is wrong beside it.

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

import type { Form, Values } from '../lib/form.ts';

interface Common<V extends Values> {
  form: Form<V>;
  name: keyof V & string;
  label: string;
  hint?: string;
  wide?: boolean;
}

interface FrameProps<V extends Values> extends Common<V> {
  children: (attributes: Attributes) => ComponentChildren;
}

interface Attributes {
  id: string;
  name: string;
  value: string;
  'aria-invalid': 'true' | undefined;
  'aria-describedby': string | undefined;
  onBlur: () => void;
}

function Frame<V extends Values>({ form, name, label, hint, wide, children }: FrameProps<V>) {
  const id = useId();
  const problem = form.problem(name);
  const described = [problem && `${id}-problem`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div class={`field${wide ? ' field--wide' : ''}`}>
      <label class="field__label" for={id}>
        {label}
      </label>
      {children({
        id,
        name,
        value: form.values[name] ?? '',
        'aria-invalid': problem ? 'true' : undefined,
        'aria-describedby': described || undefined,
        onBlur: () => form.blurred(name),
      })}
      {problem && (
        <p class="field__problem" id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
      {hint && (
        <p class="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface InputProps<V extends Values> extends Common<V> {
  type?: 'text' | 'number' | 'date' | 'time' | 'tel' | 'password' | 'search';
  inputMode?: 'numeric' | 'decimal' | 'tel';
  autocomplete?: string;
  maxLength?: number;
  min?: number | string;
  max?: number | string;
}

export function TextField<V extends Values>({ form, name, label, hint, wide, ...input }: InputProps<V>) {
  return (
    <Frame form={form} name={name} label={label} {...(hint ? { hint } : {})} {...(wide ? { wide } : {})}>
      {(attributes) => (
        <input
          class="input"
          {...(input as { type?: 'text' })}
          {...attributes}
          onInput={(event) => form.set(name, event.currentTarget.value)}
        />
      )}
    </Frame>
  );
}

export interface Choice {
  value: string;
  label: string;
}

export function SelectField<V extends Values>({ choices, ...common }: Common<V> & { choices: readonly Choice[] }) {
  return (
    <Frame {...common}>
      {(attributes) => (
        <select class="input" {...attributes} onChange={(event) => common.form.set(common.name, event.currentTarget.value)}>
          {choices.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}

/** What the server said about no one field, above the buttons. */
export function Failure({ text }: { text: string | null }) {
  return text ? (
    <p class="notice notice--bad" role="alert">
      {text}
    </p>
  ) : null;
}
