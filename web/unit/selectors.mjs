// Classes of a component carry its scope in the DOM: `.left` is `.c3-countdown--left` there.

/** A selector in which every class stands for itself and for itself in any component. */
export function inAnyScope(selector) {
  return selector.replace(/\.(-?[A-Za-z_][\w-]*)/g, ':is(.$1, [class$="--$1"], [class*="--$1 "])');
}
