// Toasts, dialogs and sheets that WeChat draws.

import { h } from '../dom.js';
import { define } from './api.js';

const TOAST_MS = 1500;

export function addDialogs(wx, mp) {
  const { layers } = mp;
  define(wx, 'showToast', ({ title = '', icon = 'success', image, mask, duration = TOAST_MS }) => {
    layers.showToast({ text: title, icon: icon === 'none' ? null : icon, image, isMasking: mask, forMs: duration });
  });
  define(wx, 'showLoading', ({ title = '', mask }) => layers.showToast({ text: title, icon: 'loading', isMasking: mask }));
  define(wx, 'hideToast', () => layers.hideToast());
  define(wx, 'hideLoading', () => layers.hideToast());
  define(wx, 'showModal', (options) => showModal(layers, options));
  define(wx, 'showActionSheet', (options) => showActionSheet(layers, options));
}

async function showModal(layers, options) {
  const { title = '', content = '', showCancel = true, cancelText = '取消', confirmText = '确定', editable = false } = options;
  const field = editable ? h('input', { class: 'h5-dialog__field', placeholder: options.placeholderText, 'aria-label': title || options.placeholderText }) : null;
  if (field) field.value = content;
  const isConfirmed = await layers.open({ kind: 'modal', label: title || content, canDismiss: showCancel }, (close) => [
    title ? h('h2', { class: 'h5-dialog__title' }, title) : null,
    content && !editable ? h('p', { class: 'h5-dialog__text' }, content) : null,
    field,
    h(
      'footer',
      { class: 'h5-dialog__buttons' },
      showCancel ? button(cancelText, 'cancel', options.cancelColor, () => close(false)) : null,
      button(confirmText, 'confirm', options.confirmColor, () => close(true)),
    ),
  ].filter(Boolean));
  return { confirm: isConfirmed === true, cancel: isConfirmed !== true, content: editable && isConfirmed ? field.value : null };
}

function button(text, kind, colour, onclick) {
  const made = h('button', { type: 'button', class: `h5-dialog__button h5-dialog__button--${kind}`, autofocus: kind === 'confirm', onclick }, text);
  if (colour) made.style.color = colour;
  return made;
}

async function showActionSheet(layers, { alertText, itemList, itemColor }) {
  if (!itemList?.length || itemList.length > 6) throw new Error('parameter error: itemList should have 1 to 6 items');
  const index = await layers.open({ kind: 'sheet', label: alertText ?? '请选择' }, (close) => [
    ...(alertText ? [h('p', { class: 'h5-dialog__text' }, alertText)] : []),
    ...itemList.map((text, at) => row(text, itemColor, () => close(at))),
    row('取消', null, () => close(null), 'h5-dialog__row--last'),
  ]);
  if (index === null) throw new Error('cancel');
  return { tapIndex: index };
}

function row(text, colour, onclick, kind = '') {
  const made = h('button', { type: 'button', class: `h5-dialog__row ${kind}`, onclick }, text);
  if (colour) made.style.color = colour;
  return made;
}
