// A number by sliding.

import { h } from '../dom.js';
import { define, types } from './define.js';

export function addSlider(mp) {
  define(
    mp,
    'slider',
    { name: types.STRING, disabled: types.BOOLEAN, min: types.NUMBER, max: { type: Number, value: 100 }, step: { type: Number, value: 1 }, value: types.NUMBER, showValue: types.BOOLEAN, activeColor: types.STRING, backgroundColor: types.STRING, blockSize: types.NUMBER, blockColor: types.STRING },
    ({ component, host, emit, set }) => {
      const range = h('input', { type: 'range' });
      const shown = h('output');
      host.append(range, shown);
      const now = () => Number(range.value);
      range.addEventListener('input', () => {
        shown.textContent = component.data.showValue ? range.value : '';
        emit('changing', { value: now() });
      });
      range.addEventListener('change', () => {
        set({ value: now() });
        emit('change', { value: now() });
      });
      component.h5 = { value: now, reset: () => set({ value: component.data.min }) };
      return {
        update({ min, max, step, value, disabled, showValue, activeColor }) {
          Object.assign(range, { min, max, step, disabled });
          range.value = String(value);
          range.style.accentColor = activeColor;
          shown.textContent = showValue ? String(value) : '';
          const name = host.getAttribute('aria-label');
          if (name === null) return;
          range.setAttribute('aria-label', name);
          host.removeAttribute('aria-label');
        },
      };
    },
  );
}
