// Pages side by side, by the browser's own scroll snapping.

import { h } from '../dom.js';
import { define, types } from './define.js';

/** After so long without scrolling the page that is in view is the current one. */
const SETTLE_MS = 90;

export function addSwiper(mp) {
  define(mp, 'swiper-item', { itemId: types.STRING, skipHiddenItemLayout: types.BOOLEAN });
  define(
    mp,
    'swiper',
    {
      indicatorDots: types.BOOLEAN, indicatorColor: types.STRING, indicatorActiveColor: types.STRING, autoplay: types.BOOLEAN, current: types.NUMBER,
      interval: { type: Number, value: 5000 }, duration: { type: Number, value: 500 }, circular: types.BOOLEAN, vertical: types.BOOLEAN,
      previousMargin: types.STRING, nextMargin: types.STRING, displayMultipleItems: types.NUMBER, easingFunction: types.STRING, currentItemId: types.STRING,
      cacheExtent: types.NUMBER,
    },
    swiperPart,
  );
}

function swiperPart({ component, host, emit, set }) {
  const dots = h('h5-dots', { 'aria-hidden': 'true' });
  let current = 0;
  let isOwnChange = false;
  let settle = null;
  let turning = null;
  let source = '';
  host.tabIndex = 0;
  const items = () => [...host.querySelectorAll(':scope > wx-swiper-item')];
  const length = () => (component.data.vertical ? host.clientHeight : host.clientWidth) || 1;
  const place = () => (component.data.vertical ? host.scrollTop : host.scrollLeft);

  const paint = () => {
    const { indicatorDots, indicatorColor, indicatorActiveColor } = component.data;
    const all = indicatorDots ? items() : [];
    dots.replaceChildren(...all.map((_, at) => {
      const dot = h('i', { 'data-on': at === current });
      dot.style.background = (at === current ? indicatorActiveColor : indicatorColor) || '';
      return dot;
    }));
    // What is out of sight must be out of the keyboard's way.
    items().forEach((item, at) => {
      item.inert = at !== current;
    });
  };
  const go = (at, isSmooth) => {
    const options = { [component.data.vertical ? 'top' : 'left']: at * length(), behavior: isSmooth ? 'smooth' : 'instant' };
    host.scrollTo?.(options);
  };
  const settled = () => {
    const at = Math.round(place() / length());
    if (at === current || items().length === 0) return;
    current = at;
    isOwnChange = true;
    set({ current });
    isOwnChange = false;
    const itemId = items()[at]?.__wxElement.data.itemId ?? '';
    emit('change', { current, source, currentItemId: itemId });
    emit('animationfinish', { current, source, currentItemId: itemId });
    paint();
  };
  host.addEventListener('pointerdown', () => {
    source = 'touch';
  });
  host.addEventListener('scroll', () => {
    clearTimeout(settle);
    settle = setTimeout(settled, SETTLE_MS);
  }, { passive: true });
  const turn = () => {
    const count = items().length;
    if (count < 2) return;
    source = 'autoplay';
    go((current + 1) % count, true);
  };
  return {
    attached() {
      host.after(dots);
      current = component.data.current;
      requestAnimationFrame(() => {
        go(current, false);
        paint();
      });
    },
    detached() {
      clearInterval(turning);
      clearTimeout(settle);
      dots.remove();
    },
    update(data) {
      host.toggleAttribute('vertical', data.vertical);
      if (!isOwnChange && data.current !== current) {
        current = data.current;
        source = '';
        go(current, data.duration > 0);
        emit('change', { current, source, currentItemId: items()[current]?.__wxElement.data.itemId ?? '' });
      }
      clearInterval(turning);
      turning = data.autoplay && !matchMedia('(prefers-reduced-motion: reduce)').matches ? setInterval(turn, data.interval) : null;
      paint();
    },
  };
}
