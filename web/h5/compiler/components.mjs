// The graph of pages and components, from app.json down through every usingComponents.

import path from 'node:path';

/**
 * @typedef {{ json: object, isPage: boolean, using: Record<string, string>, scope?: string }} ComponentFiles
 */

/** Finds every page and component that app.json leads to. */
export function findComponents(source, app) {
  const { findings } = source;
  /** @type {Record<string, ComponentFiles>} */
  const components = {};

  const visit = (name, isPage) => {
    if (components[name]) return;
    const json = source.json(`${name}.json`) ?? {};
    for (const ending of ['js', 'wxml']) {
      if (!source.has(`${name}.${ending}`)) findings.error(`${name}.${ending}`, 'this file is missing: add it, or take it out of app.json or usingComponents');
    }
    if (!isPage && json.component !== true) findings.error(`${name}.json:1`, 'a component needs "component": true');
    const own = (components[name] = { json, isPage, using: {} });
    for (const [tag, target] of Object.entries(json.usingComponents ?? {})) {
      use(own, tag, target, name);
    }
    for (const generic of Object.values(json.componentGenerics ?? {})) {
      if (!generic?.default) continue;
      const found = resolveComponent(source, generic.default, name);
      if (!found) continue;
      generic.default = `/${found}`;
      visit(found, false);
    }
  };

  const use = (user, tag, target, from) => {
    const found = resolveComponent(source, target, from);
    if (!found) {
      findings.error(`${from}.json:1`, `usingComponents.${tag}: there is no component "${target}"`);
      return;
    }
    user.using[tag] = `/${found}`;
    visit(found, false);
  };

  const everywhere = { using: {} };
  for (const [tag, target] of Object.entries(app.usingComponents ?? {})) use(everywhere, tag, target, 'app');
  for (const page of pagesOf(app)) visit(page, true);
  if (app.tabBar?.custom) visit('custom-tab-bar/index', false);
  for (const component of Object.values(components)) component.using = { ...everywhere.using, ...component.using };
  nameScopes(components);
  return components;
}

/** Every page's path, those of the subpackages last. */
export function pagesOf(app) {
  const below = packagesOf(app).flatMap(({ root, pages }) => pages.map((page) => path.posix.join(root, page)));
  return [...(app.pages ?? []), ...below];
}

export function packagesOf(app) {
  return app.subPackages ?? app.subpackages ?? [];
}

/** Short and the same on every machine; the component's name is there for whoever reads the DOM. */
function nameScopes(components) {
  const names = Object.keys(components).filter((name) => !components[name].isPage).sort();
  names.forEach((name, index) => {
    const last = name.split('/').filter((part) => part !== 'index').pop() ?? 'component';
    components[name].scope = `c${index.toString(36)}-${last.replace(/[^\w-]/g, '')}`;
  });
}

function resolveComponent(source, target, from) {
  const exists = (name) => source.has(`${name}.json`) || source.has(`${name}.js`);
  if (target.startsWith('/')) return exists(target.slice(1)) ? target.slice(1) : undefined;
  const beside = path.posix.join(path.posix.dirname(from), target);
  return [beside, target].find(exists);
}
