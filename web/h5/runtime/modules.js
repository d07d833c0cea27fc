// Files of the mini-program run when somebody needs them: `require`, and a page with its components.

import { resolvePath } from './paths.js';

const PROPERTY_TYPES = new Set([String, Number, Boolean, Object, Array, null]);
/** Behaviours that WeChat has built in, named by text. */
const BUILT_IN_BEHAVIORS = {
  'wx://form-field': { properties: { name: String, value: null } },
  'wx://form-field-button': {},
  'wx://form-field-group': {},
};

export class Modules {
  #cache = new Map();
  #behaviors = new Map();
  /** Registers a component for the file that is being run: helpers may call Component() on its behalf. */
  #registering = null;
  #loaded = new Set();

  constructor(mp, modules, templates) {
    this.mp = mp;
    this.modules = modules;
    this.app = {};
    for (const [name, { json, scope }] of Object.entries(mp.config.components)) {
      mp.code.addComponentStaticConfig(name, json);
      mp.code.addCompiledTemplate(name, { groupList: templates, content: templates[name] });
      if (scope) mp.code.addStyleSheet(name, undefined, scope);
    }
  }

  loadApp() {
    if (this.modules.app) this.#run('app');
  }

  /** Runs a page's or component's file, after those that it uses. */
  loadComponent(name) {
    const before = new Set(this.#loaded);
    this.#loadWithUsed(name);
    // Relations may lead back and forth: only when all are there can any be looked into.
    for (const loaded of this.#loaded) {
      if (!before.has(loaded)) this.#checkHandlers(loaded);
    }
  }

  #loadWithUsed(name) {
    if (this.#loaded.has(name)) return;
    this.#loaded.add(name);
    const { json } = this.mp.config.components[name];
    for (const used of Object.values(json.usingComponents)) this.#loadWithUsed(used.slice(1));
    for (const generic of Object.values(json.componentGenerics ?? {})) {
      if (generic?.default) this.#loadWithUsed(generic.default.slice(1));
    }
    this.#run(name);
  }

  /** What `require` of a file gives. */
  load(name) {
    return this.#run(name);
  }

  #run(name) {
    const known = this.#cache.get(name);
    if (known) return known.exports;
    const module = { exports: {} };
    this.#cache.set(name, module);
    const component = this.mp.config.components[name];
    this.mp.code.componentEnv(component ? name : '', (env) => {
      const behavior = (definition) => env.Behavior(this.#withBehaviors(definition, env.Behavior));
      if (component) this.#runComponent(name, module, env, behavior);
      else this.#call(name, module, () => { throw new Error(`Page() in ${name}.js, which is no page`); }, this.#inHelper, behavior);
    });
    return module.exports;
  }

  #runComponent(name, module, env, behavior) {
    const outer = this.#registering;
    const register = (kind) => (definition) => this.#register(name, definition, env, kind);
    this.#registering = register('Component');
    try {
      this.#call(name, module, register('Page'), register('Component'), behavior);
    } finally {
      this.#registering = outer;
    }
    if (!this.mp.config.components[name].isRegistered) this.mp.report('error', `${name}.js called neither Page() nor Component()`);
  }

  #inHelper = (definition) => this.#registering(definition);

  #call(name, module, Page, Component, Behavior) {
    const { mp } = this;
    const App = (definition) => { this.app = definition; };
    this.modules[name](this.#requireFrom(name), module, module.exports, mp.wx, App, Page, Component, Behavior, () => this.app, () => mp.router.pages());
  }

  #requireFrom(from) {
    return (target) => {
      const near = resolvePath(target, from);
      const found = [near, near.replace(/\.js$/, ''), `${near}/index`].find((name) => this.modules[name]);
      if (!found) throw new Error(`module "${target}" is not defined (required from ${from}.js)`);
      return this.#run(found);
    };
  }

  #register(name, definition, env, kind) {
    const component = this.mp.config.components[name];
    const { options = {} } = definition;
    const json = { ...component.json };
    if (component.isPage) {
      delete json.styleIsolation;
    } else {
      const isShared = options.addGlobalClass || json.addGlobalClass || /shared/.test(json.styleIsolation ?? options.styleIsolation ?? '');
      json.styleIsolation = isShared ? 'apply-shared' : 'isolated';
    }
    this.mp.code.addComponentStaticConfig(name, json);
    component.isRegistered = true;
    this.#checkProperties(name, definition);
    env[kind](this.#withBehaviors(definition, env.Behavior));
  }

  #withBehaviors(definition, Behavior) {
    this.#checkProperties('a behaviour', definition ?? {});
    if (!Array.isArray(definition?.behaviors)) return definition;
    const behaviors = definition.behaviors.map((behavior) => {
      if (typeof behavior !== 'string' || behavior === 'wx://component-export') return behavior;
      if (!this.#behaviors.has(behavior)) {
        if (!BUILT_IN_BEHAVIORS[behavior]) this.mp.report('behavior', `there is no behaviour "${behavior}"`);
        this.#behaviors.set(behavior, Behavior(BUILT_IN_BEHAVIORS[behavior] ?? {}));
      }
      return this.#behaviors.get(behavior);
    });
    return { ...definition, behaviors };
  }

  #checkProperties(name, { properties }) {
    for (const [property, given] of Object.entries(properties ?? {})) {
      const isPlain = given === null || typeof given === 'function';
      const types = isPlain ? [given] : [given.type, ...(given.optionalTypes ?? [])];
      if (!types.every((type) => PROPERTY_TYPES.has(type))) this.mp.report('property', `${name}: the property "${property}" has an unknown type`);
    }
  }

  /** A misspelt handler is silent on a device: the tap does nothing. */
  #checkHandlers(name) {
    const definition = this.mp.code.getComponentSpace().getComponent(name);
    if (!definition) return;
    definition.prepare();
    const methods = this.mp.glassEasel.Component.getMethodsFromDef(definition);
    for (const handler of this.mp.config.components[name].handlers) {
      if (typeof methods[handler] !== 'function') this.mp.report('handler', `${name}: WXML binds "${handler}", which is no method`);
    }
  }
}
