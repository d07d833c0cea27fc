// Fields to type into.

import { h } from '../dom.js';
import { define, types } from './define.js';
import { labelOf } from './form.js';

const INPUT_MODES = { number: 'numeric', digit: 'decimal', idcard: 'text', 'safe-password': 'text', nickname: 'text', text: 'text' };
const ENTER_KEYS = { send: 'send', search: 'search', next: 'next', go: 'go', done: 'done' };
const COMMON = {
  name: types.STRING,
  value: types.ANY,
  disabled: types.BOOLEAN,
  placeholder: types.STRING,
  placeholderStyle: types.STRING,
  placeholderClass: types.STRING,
  maxlength: { type: Number, value: 140 },
  focus: types.BOOLEAN,
  autoFocus: types.BOOLEAN,
  confirmType: { type: String, value: 'done' },
  confirmHold: types.BOOLEAN,
  cursorSpacing: types.NUMBER,
  adjustPosition: { type: Boolean, value: true },
  holdKeyboard: types.BOOLEAN,
  alwaysEmbed: types.BOOLEAN,
};

export function addFields(mp) {
  define(mp, 'input', { ...COMMON, type: { type: String, value: 'text' }, password: types.BOOLEAN }, (part) => {
    const field = h('input');
    return fieldPart(part, field, ({ type, password, confirmType, name }) => {
      field.type = password ? 'password' : 'text';
      field.inputMode = INPUT_MODES[type] ?? 'text';
      field.enterKeyHint = ENTER_KEYS[confirmType] ?? 'done';
      field.autocomplete = AUTOCOMPLETE[password ? 'password' : name] ?? 'off';
    });
  });
  define(mp, 'textarea', { ...COMMON, autoHeight: types.BOOLEAN, fixed: types.BOOLEAN, showConfirmBar: { type: Boolean, value: true }, disableDefaultPadding: types.BOOLEAN }, (part) => {
    const field = h('textarea');
    return fieldPart(part, field, ({ autoHeight }) => {
      field.rows = autoHeight ? 1 : 4;
      part.host.toggleAttribute('auto-height', autoHeight);
      if (autoHeight && !GROWS_BY_ITSELF) requestAnimationFrame(() => grow(field));
    });
  });
}

const GROWS_BY_ITSELF = globalThis.CSS?.supports?.('field-sizing', 'content') ?? false;

/** As tall as its text, never less than a line; measured when it is in the document. */
function grow(field) {
  if (!field.isConnected) return;
  field.style.height = 'auto';
  if (field.scrollHeight > 0) field.style.height = `${field.scrollHeight}px`;
}

/** What a browser may fill in by itself, by the field's name. */
const AUTOCOMPLETE = { password: 'current-password', phone: 'tel', username: 'username', code: 'one-time-code' };

function fieldPart({ component, host, emit, set }, field, own) {
  let isTyping = false;
  let isComposing = false;
  let wantedFocus = false;
  host.append(field);
  const typed = () => {
    if (isComposing) return;
    isTyping = true;
    set({ value: field.value });
    isTyping = false;
    emit('input', { value: field.value, cursor: field.selectionStart ?? field.value.length, keyCode: 0 });
  };
  // While Chinese is being composed the letters typed are not the text yet.
  field.addEventListener('compositionstart', () => {
    isComposing = true;
  });
  field.addEventListener('compositionend', () => {
    isComposing = false;
    typed();
  });
  field.addEventListener('input', typed);
  field.addEventListener('focus', () => {
    name(component, field);
    emit('focus', { value: field.value, height: 0 });
  });
  field.addEventListener('blur', () => emit('blur', { value: field.value, cursor: field.selectionStart ?? 0 }));
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && field.localName === 'input' && !event.isComposing) emit('confirm', { value: field.value });
  });
  component.h5 = {
    value: () => field.value,
    reset() {
      field.value = '';
      set({ value: '' });
    },
    activate: () => field.focus(),
  };
  return {
    attached() {
      name(component, field);
      if (component.data.autoFocus) field.focus();
    },
    update(data) {
      const value = data.value === null || data.value === undefined ? '' : String(data.value);
      if (!isTyping && field.value !== value) field.value = value;
      field.placeholder = data.placeholder;
      field.disabled = data.disabled;
      if (data.maxlength >= 0) field.maxLength = data.maxlength;
      else field.removeAttribute('maxlength');
      component.h5.hasOwnName = moveName(host, field) || component.h5.hasOwnName;
      own(data);
      if (data.focus && !wantedFocus) setTimeout(() => field.focus());
      wantedFocus = data.focus;
    },
  };
}

/** Names and descriptions belong on what has the focus, which is the field inside; was there a name? */
function moveName(host, field) {
  const hasName = host.hasAttribute('aria-label');
  for (const attribute of ['aria-label', 'aria-describedby', 'aria-invalid', 'aria-required', 'aria-errormessage']) {
    const value = host.getAttribute(attribute);
    if (value === null) continue;
    host.removeAttribute(attribute);
    field.setAttribute(attribute, value);
  }
  return hasName;
}

/** A field without a name of its own is called what the label around it, or for it, says. */
function name(component, field) {
  if (component.h5.hasOwnName) return;
  const text = labelOf(component);
  if (text) field.setAttribute('aria-label', text);
}
