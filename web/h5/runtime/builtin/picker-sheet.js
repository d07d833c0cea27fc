// The sheets of <picker>: columns to choose from, or the browser's own way to choose a date or a time.

import { h } from '../dom.js';

/** @returns {Promise<number[] | null>} the index chosen in each column */
export async function chooseColumns(layers, { headerText, rangeKey }, columns, start, turned) {
  const chosen = [...start];
  const label = headerText || '请选择';
  return layers.open({ kind: 'sheet', label }, (close) => [
    header(label, () => close(null), () => close(chosen)),
    h('div', { class: 'h5-picker' }, ...columns.map((items, column) => list(items, rangeKey, start[column], `${label} ${column + 1}`, (at) => {
      chosen[column] = at;
      turned(column, at);
    }))),
  ]);
}

/** @returns {Promise<string | null>} as `2025-11-12` or `19:30` */
export async function chooseNative(layers, { headerText, value, start, end }, type) {
  const label = headerText || (type === 'time' ? '选择时间' : '选择日期');
  const field = h('input', { type, class: 'h5-dialog__field', 'aria-label': label, min: start, max: end });
  field.value = value ?? '';
  return layers.open({ kind: 'sheet', label }, (close) => [
    header(label, () => close(null), () => close(field.value && field.checkValidity() ? field.value : null)),
    field,
  ]);
}

function header(label, cancel, confirm) {
  return h(
    'header',
    { class: 'h5-picker__head' },
    h('button', { type: 'button', onclick: cancel }, '取消'),
    h('h2', {}, label),
    h('button', { type: 'button', class: 'h5-picker__done', onclick: confirm }, '确定'),
  );
}

/** A list box of its own: one stop for Tab, arrows inside. */
function list(items, key, start, label, choose) {
  const options = items.map((item, at) => h('li', { role: 'option', 'aria-selected': String(at === start) }, String(key ? item?.[key] : item)));
  let now = start;
  const box = h('ul', { class: 'h5-picker__column', role: 'listbox', tabindex: '0', 'aria-label': label }, ...options);
  const pick = (at) => {
    if (at < 0 || at >= options.length || at === now) return;
    options[now]?.setAttribute('aria-selected', 'false');
    now = at;
    options[now].setAttribute('aria-selected', 'true');
    options[now].scrollIntoView?.({ block: 'nearest' });
    choose(now);
  };
  box.addEventListener('click', ({ target }) => pick(options.indexOf(target.closest('li'))));
  box.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -now, End: options.length - 1 - now }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    pick(now + step);
  });
  requestAnimationFrame(() => options[now]?.scrollIntoView?.({ block: 'center' }));
  return box;
}
