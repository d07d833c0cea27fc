// A modal dialog: the browser's own, so focus stays inside and comes back, and Escape closes.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

import { t } from '../lib/i18n.ts';

const FIRST = 'input, select, textarea, .dialog__buttons button';

interface Props {
  title: string;
  onClose?: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, wide }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    // Where focus was, for browsers that forget it when the dialog leaves the page.
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    // Where there is nothing to type, what changes nothing comes first. A phone's keyboard would hide the text.
    if (matchMedia('(pointer: fine)').matches) dialog?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog${wide ? ' dialog--wide' : ''}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      // A second Escape closes it whatever the page says; one that must be answered stays.
      onClose={() => {
        if (!onClose && element.current?.isConnected) element.current.showModal();
      }}
    >
      <header class="dialog__head">
        <h2 id={id}>{title}</h2>
        {onClose && (
          <button type="button" class="icon-button" aria-label={t('close')} onClick={onClose}>
            ✕
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
