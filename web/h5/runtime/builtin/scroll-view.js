// A part of the page that scrolls by itself.

import { define, types } from './define.js';

const THRESHOLD = { type: null, value: 50 };

export function addScrollView(mp) {
  define(
    mp,
    'scroll-view',
    {
      scrollX: types.BOOLEAN, scrollY: types.BOOLEAN, upperThreshold: THRESHOLD, lowerThreshold: THRESHOLD, scrollTop: types.ANY, scrollLeft: types.ANY,
      scrollIntoView: types.STRING, scrollWithAnimation: types.BOOLEAN, enhanced: types.BOOLEAN, showScrollbar: types.BOOLEAN, enableFlex: types.BOOLEAN,
      bounces: types.BOOLEAN, pagingEnabled: types.BOOLEAN, fastDeceleration: types.BOOLEAN, type: types.STRING, enableBackToTop: types.BOOLEAN,
      refresherEnabled: types.BOOLEAN, refresherTriggered: types.BOOLEAN, refresherThreshold: types.NUMBER, refresherBackground: types.STRING, refresherDefaultStyle: types.STRING,
      scrollAnchoring: types.BOOLEAN,
    },
    scrollPart,
  );
}

function scrollPart({ component, host, emit }) {
  const edges = { isLow: false, isHigh: true };
  const set = { top: null, left: null, into: '' };
  host.addEventListener('scroll', () => scrolled(component.data, host, edges, emit), { passive: true });
  addPull(component, host, emit);
  return {
    update(data) {
      host.style.overflowX = data.scrollX ? 'auto' : 'hidden';
      host.style.overflowY = data.scrollY ? 'auto' : 'hidden';
      if (data.enableFlex) host.style.display = 'flex';
      // What scrolls must be reachable by the keyboard.
      if (data.tabIndex === null && (data.scrollX || data.scrollY)) host.tabIndex = 0;
      const behavior = data.scrollWithAnimation ? 'smooth' : 'instant';
      if (data.scrollTop !== null && data.scrollTop !== set.top) host.scrollTo?.({ top: parseFloat(data.scrollTop) || 0, behavior });
      if (data.scrollLeft !== null && data.scrollLeft !== set.left) host.scrollTo?.({ left: parseFloat(data.scrollLeft) || 0, behavior });
      if (data.scrollIntoView && data.scrollIntoView !== set.into) requestAnimationFrame(() => showInside(host, data.scrollIntoView, behavior));
      Object.assign(set, { top: data.scrollTop, left: data.scrollLeft, into: data.scrollIntoView });
    },
  };
}

function scrolled(data, host, edges, emit) {
  const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = host;
  emit('scroll', { scrollTop, scrollLeft, scrollHeight, scrollWidth, deltaX: 0, deltaY: 0 });
  const before = data.scrollY ? scrollTop : scrollLeft;
  const after = data.scrollY ? scrollHeight - scrollTop - clientHeight : scrollWidth - scrollLeft - clientWidth;
  const isLow = after <= parseFloat(data.lowerThreshold);
  const isHigh = before <= parseFloat(data.upperThreshold);
  if (isLow && !edges.isLow) emit('scrolltolower', { direction: data.scrollY ? 'bottom' : 'right' });
  if (isHigh && !edges.isHigh) emit('scrolltoupper', { direction: data.scrollY ? 'top' : 'left' });
  Object.assign(edges, { isLow, isHigh });
}

/** Only the scroll view itself scrolls, not the page around it. */
function showInside(host, id, behavior) {
  const target = host.querySelector(`#${CSS.escape(id)}`);
  if (!target) return;
  const inner = target.getBoundingClientRect();
  const outer = host.getBoundingClientRect();
  host.scrollTo?.({ top: host.scrollTop + inner.top - outer.top, left: host.scrollLeft + inner.left - outer.left, behavior });
}

function addPull(component, host, emit) {
  let from = null;
  host.addEventListener('touchstart', ({ touches }) => {
    from = component.data.refresherEnabled && host.scrollTop <= 0 ? touches[0].clientY : null;
  }, { passive: true });
  host.addEventListener('touchend', ({ changedTouches }) => {
    const isFar = from !== null && changedTouches[0].clientY - from > (component.data.refresherThreshold || 45);
    from = null;
    if (isFar) emit('refresherrefresh');
  }, { passive: true });
}
