// Forms collect what their fields hold; labels press what they belong to.

import { attribute } from '../dom.js';
import { define, descendants, onTap, types } from './define.js';

const FIELDS = ['input', 'textarea', 'switch', 'slider', 'picker', 'radio-group', 'checkbox-group'];
const PRESSED_BY_LABEL = ['checkbox', 'radio', 'switch', 'input', 'textarea', 'button'];

export function addForms(mp) {
  define(mp, 'form', { reportSubmit: types.BOOLEAN }, ({ component, emit }) => {
    const fields = () => [...descendants(component, FIELDS), ...customFields(mp, component)].filter((field) => field.data.name);
    component.h5 = {
      /** @param {'submit' | 'reset'} how */
      end(how) {
        if (how === 'submit') {
          emit('submit', { value: Object.fromEntries(fields().map((field) => [field.data.name, valueOf(field)])) });
        } else {
          for (const field of fields()) field.h5?.reset();
          emit('reset');
        }
      },
    };
    return {};
  });
  define(mp, 'label', { for: types.STRING }, ({ component, host }) => {
    onTap(component, () => {
      const wanted = component.data.for
        ? host.closest('wx-page')?.querySelector(`#${CSS.escape(component.data.for)}`)?.__wxElement
        : descendants(component, PRESSED_BY_LABEL)[0];
      if (wanted && !wanted.$$.contains(mp.taps.target)) wanted.h5?.activate?.();
    });
    return {
      update({ for: target }) {
        attribute(host, 'for', target);
      },
    };
  });
}

/** What the label around a field, or for it, says. */
export function labelOf({ $$: host, id }) {
  const around = host.closest('wx-label');
  const label = around || !id ? around : host.closest('wx-page')?.querySelector(`wx-label[for="${CSS.escape(id)}"]`);
  return label?.textContent.trim() ?? '';
}

function valueOf(field) {
  return field.h5 ? field.h5.value() : field.data.value;
}

/** Components with the behaviour `wx://form-field` are fields, too. */
function customFields(mp, form) {
  const { Component } = mp.glassEasel;
  return [...form.$$.querySelectorAll('*')]
    .map((element) => element.__wxElement)
    .filter((element) => element && Component.isComponent(element) && !element.is.startsWith('builtin/') && 'name' in element.data && 'value' in element.data);
}
