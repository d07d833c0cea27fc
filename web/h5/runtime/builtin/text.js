// Text, icons and progress.

import { attribute, h } from '../dom.js';
import { sanitized } from './rich-text.js';
import { define, types } from './define.js';

const ICONS = { success: '✓', success_no_circle: '✓', info: 'ℹ', warn: '!', waiting: '…', cancel: '✕', download: '↓', search: '⌕', clear: '✕', circle: '○' };

export function addTexts(mp) {
  define(mp, 'text', { userSelect: types.BOOLEAN, selectable: types.BOOLEAN, space: types.STRING, decode: types.BOOLEAN, overflow: types.STRING, maxLines: types.NUMBER }, ({ host }) => ({
    update({ userSelect, selectable, space }) {
      host.style.userSelect = userSelect || selectable ? 'text' : '';
      host.style.whiteSpace = space ? 'pre-wrap' : '';
    },
  }));
  define(mp, 'icon', { type: types.STRING, size: { type: null, value: 23 }, color: types.STRING }, ({ host }) => ({
    update({ type, size, color }) {
      host.textContent = ICONS[type] ?? '';
      host.style.fontSize = `${parseFloat(size)}px`;
      host.style.color = color;
      attribute(host, 'aria-hidden', host.hasAttribute('aria-label') ? null : 'true');
    },
  }));
  define(mp, 'rich-text', { nodes: types.ANY, space: types.STRING, mode: types.STRING }, ({ host }) => ({
    update({ nodes }) {
      host.replaceChildren(...sanitized(nodes));
    },
  }));
  define(
    mp,
    'progress',
    { percent: types.NUMBER, showInfo: types.BOOLEAN, activeColor: types.STRING, backgroundColor: types.STRING, strokeWidth: { type: null, value: 6 }, active: types.BOOLEAN, borderRadius: types.ANY, duration: types.NUMBER, fontSize: types.ANY },
    ({ host }) => {
      const bar = h('i');
      const track = h('b', {}, bar);
      const info = h('span');
      host.setAttribute('role', 'progressbar');
      host.append(track, info);
      return {
        update({ percent, showInfo, activeColor, backgroundColor, strokeWidth, borderRadius }) {
          host.setAttribute('aria-valuenow', String(percent));
          bar.style.width = `${percent}%`;
          bar.style.background = activeColor;
          track.style.background = backgroundColor;
          track.style.height = `${parseFloat(strokeWidth)}px`;
          track.style.borderRadius = borderRadius === null ? '' : `${parseFloat(borderRadius)}px`;
          info.textContent = showInfo ? `${percent}%` : '';
        },
      };
    },
  );
}
