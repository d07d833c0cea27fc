// <picker>: a tap anywhere in it opens a sheet to choose from.

import { define, onTap, types } from './define.js';
import { chooseColumns, chooseNative } from './picker-sheet.js';

const NATIVE = { time: 'time', date: 'date' };

export function addPicker(mp) {
  define(
    mp,
    'picker',
    { name: types.STRING, disabled: types.BOOLEAN, mode: { type: String, value: 'selector' }, range: { type: Array, value: [] }, rangeKey: types.STRING, value: types.ANY, start: types.STRING, end: types.STRING, fields: { type: String, value: 'day' }, headerText: types.STRING },
    ({ component, host, emit, set }) => {
      component.h5 = { value: () => component.data.value, reset: () => set({ value: null }), activate: () => host.click() };
      onTap(component, async () => {
        const { data } = component;
        if (data.disabled) return;
        const chosen = await choose(mp, data, emit);
        if (chosen === null) {
          emit('cancel');
          return;
        }
        set({ value: chosen });
        emit('change', { value: chosen });
      });
      return {
        update({ disabled }) {
          if (!host.hasAttribute('role')) host.setAttribute('role', 'button');
          host.setAttribute('aria-haspopup', 'dialog');
          host.tabIndex = disabled ? -1 : 0;
        },
      };
    },
  );
}

/** What was chosen, in the form of the mode; null when it was called off. */
async function choose(mp, data, emit) {
  const { mode, range, value } = data;
  if (NATIVE[mode]) return chooseNative(mp.layers, data, mode === 'date' && data.fields === 'month' ? 'month' : NATIVE[mode]);
  if (mode !== 'selector' && mode !== 'multiSelector') {
    mp.report('picker', `mode="${mode}" is not in the H5 build`);
    return null;
  }
  const isSingle = mode === 'selector';
  const start = isSingle ? [Number(value) || 0] : range.map((_, at) => Number(value?.[at]) || 0);
  const turned = (column, at) => !isSingle && emit('columnchange', { column, value: at });
  const chosen = await chooseColumns(mp.layers, data, isSingle ? [range] : range, start, turned);
  if (chosen === null) return null;
  return isSingle ? String(chosen[0]) : chosen;
}
