// How names of WXML elements become names of DOM elements, for the compiler and the runtime alike.

/** Built-in elements with a hyphen in their name; without a hyphen every name is a built-in one. */
const HYPHENATED = new Set([
  'checkbox-group', 'cover-image', 'cover-view', 'match-media', 'movable-area', 'movable-view',
  'page-container', 'page-meta', 'picker-view', 'picker-view-column', 'radio-group', 'rich-text',
  'root-portal', 'scroll-view', 'swiper-item', 'web-view',
]);

/** `view` is `wx-view` in the DOM, so that no browser has ideas of its own about it. */
export function domTag(tag) {
  return !tag.includes('-') || HYPHENATED.has(tag) ? `wx-${tag}` : tag;
}
