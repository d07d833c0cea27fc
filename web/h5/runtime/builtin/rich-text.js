// What a text with mark-up may contain: elements that only look, and nothing that acts or loads.

const ELEMENTS = new Set([
  'a', 'abbr', 'b', 'blockquote', 'br', 'code', 'dd', 'del', 'div', 'dl', 'dt', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6',
  'hr', 'i', 'img', 'ins', 'label', 'li', 'ol', 'p', 'pre', 'q', 's', 'small', 'span', 'strong', 'sub', 'sup', 'table',
  'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'u', 'ul',
]);
const ATTRIBUTES = new Set(['alt', 'class', 'colspan', 'height', 'rowspan', 'span', 'src', 'start', 'style', 'width']);

/** DOM nodes for the `nodes` of a rich-text: HTML, or WeChat's list of nodes. */
export function sanitized(nodes) {
  if (typeof nodes === 'string') return [...new DOMParser().parseFromString(nodes, 'text/html').body.childNodes].flatMap(fromDom);
  return (nodes ?? []).flatMap(fromNode);
}

function fromDom(node) {
  if (node.nodeType === 3) return [document.createTextNode(node.data)];
  if (node.nodeType !== 1) return [];
  const attributes = Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value]));
  return build(node.localName, attributes, [...node.childNodes].flatMap(fromDom));
}

function fromNode({ type, text = '', name = 'div', attrs = {}, children = [] }) {
  if (type === 'text') return [document.createTextNode(text)];
  return build(name.toLowerCase(), attrs, children.flatMap(fromNode));
}

/** An unknown element is left out with all that is in it, as on a device. */
function build(name, attributes, children) {
  if (!ELEMENTS.has(name)) return [];
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (!ATTRIBUTES.has(key) || (key === 'src' && !/^(https:|data:image\/)/.test(value))) continue;
    element.setAttribute(key, value);
  }
  if (name === 'img' && !element.hasAttribute('alt')) element.alt = '';
  element.append(...children);
  return [element];
}
