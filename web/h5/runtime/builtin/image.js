// Pictures: of the package, of data, or of the network.

import { h } from '../dom.js';
import { resolvePath } from '../paths.js';
import { define, types } from './define.js';

const ABSOLUTE = /^(https?:|data:|blob:)/;

export function addImages(mp) {
  const properties = { src: types.STRING, mode: { type: String, value: 'scaleToFill' }, lazyLoad: types.BOOLEAN, webp: types.BOOLEAN, showMenuByLongpress: types.BOOLEAN, fadeIn: types.BOOLEAN };
  define(mp, 'image', properties, (part) => imagePart(mp, part));
  define(mp, 'cover-image', properties, (part) => imagePart(mp, part));
}

function imagePart(mp, { component, host, emit }) {
  const image = h('img', { alt: '', draggable: 'false' });
  image.addEventListener('load', () => {
    image.removeAttribute('data-failed');
    emit('load', { width: image.naturalWidth, height: image.naturalHeight });
  });
  image.addEventListener('error', () => {
    image.setAttribute('data-failed', '');
    emit('error', { errMsg: `GET ${image.src} failed` });
  });
  host.append(image);
  return {
    update({ src, mode, lazyLoad }) {
      image.loading = lazyLoad ? 'lazy' : 'eager';
      image.dataset.mode = mode;
      host.dataset.mode = mode;
      // With a name the host is the picture; the one inside then has nothing to add.
      if (host.hasAttribute('aria-label') && !host.hasAttribute('role')) host.setAttribute('role', 'img');
      const place = placeOf(mp, component, src);
      if (image.getAttribute('src') === place) return;
      if (place) image.setAttribute('src', place);
      else image.removeAttribute('src');
    },
  };
}

/** A path is of the package, seen from the file whose WXML has it. */
function placeOf(mp, component, src) {
  if (!src || ABSOLUTE.test(src)) return src;
  const owner = component.ownerShadowRoot?.getHostNode()?.is ?? '';
  const path = resolvePath(src, owner);
  const place = mp.config.assets[path];
  if (!place) mp.report('image', `${owner}.wxml: there is no file ${path}`);
  return place;
}
