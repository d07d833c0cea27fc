// Boxes, and the tags that only group.

import { attribute } from '../dom.js';
import { define, types } from './define.js';

export function addViews(mp) {
  define(mp, 'view');
  define(mp, 'cover-view');
  define(mp, 'match-media', { minWidth: types.NUMBER, maxWidth: types.NUMBER, width: types.NUMBER }, ({ host }) => ({
    update({ minWidth, maxWidth, width }) {
      const now = mp.root.clientWidth;
      host.hidden = (minWidth > 0 && now < minWidth) || (maxWidth > 0 && now > maxWidth) || (width > 0 && now !== width);
    },
  }));
  define(mp, 'root-portal', { enable: { type: Boolean, value: true } }, ({ host }) => ({
    // The browser's top layer: over everything, whatever clips or transforms the place it stands in.
    attached() {
      if (!host.showPopover) return;
      host.setAttribute('popover', 'manual');
      host.showPopover();
    },
    detached() {
      if (host.isConnected) host.hidePopover?.();
    },
  }));
  define(mp, 'page-container', { show: types.BOOLEAN, overlay: types.BOOLEAN }, ({ host }) => ({
    update({ show, hidden }) {
      host.hidden = hidden || !show;
    },
  }));
  define(mp, 'page-meta', { pageStyle: types.STRING, rootFontSize: types.STRING, scrollTop: types.ANY, backgroundColor: types.STRING }, ({ host }) => {
    let page = null;
    let scrolled = null;
    return {
      attached() {
        page = host.closest('wx-page');
        this.update(host.__wxElement.data);
      },
      update({ pageStyle, scrollTop }) {
        if (!page) return;
        attribute(page, 'style', pageStyle);
        if (scrollTop === null || scrollTop === '' || scrollTop === scrolled) return;
        scrolled = scrollTop;
        page.__page?.scrollTo(parseFloat(scrollTop), false);
      },
    };
  });
}
