import type { ComponentChildren } from 'preact';

interface Props {
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  kind?: 'plain' | 'main' | 'danger' | 'warn' | 'quiet';
  type?: 'button' | 'submit';
  disabled?: boolean;
  busy?: boolean;
  label?: string;
  small?: boolean;
  pressed?: boolean;
}

/** A busy button keeps its size and its focus; it only does nothing. */
export function Button({ children, onClick, kind = 'plain', type = 'button', disabled, busy, label, small, pressed }: Props) {
  return (
    <button
      type={type}
      class={`button button--${kind}${small ? ' button--small' : ''}`}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
      disabled={disabled}
      aria-busy={busy ? 'true' : undefined}
      aria-label={label}
      aria-pressed={pressed}
    >
      {children}
    </button>
  );
}
