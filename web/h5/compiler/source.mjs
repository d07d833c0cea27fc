// The files of a mini-program's folder, read once each, in an order that does not depend on the disk.

import fs from 'node:fs';
import path from 'node:path';
import { lineAt } from './findings.mjs';

export class Source {
  #texts = new Map();

  /** @param {string} folder the one with app.json @param {import('./findings.mjs').Findings} findings */
  constructor(folder, findings) {
    this.folder = folder;
    this.findings = findings;
    /** Paths of all files, relative, with slashes, sorted. */
    this.files = list(folder, '').sort();
    this.known = new Set(this.files);
  }

  has(file) {
    return this.known.has(file);
  }

  /** The text of a file; null when there is no such file. */
  text(file) {
    if (!this.has(file)) return null;
    if (!this.#texts.has(file)) this.#texts.set(file, fs.readFileSync(path.join(this.folder, file), 'utf8'));
    return this.#texts.get(file);
  }

  bytes(file) {
    return fs.readFileSync(path.join(this.folder, file));
  }

  size(file) {
    return fs.statSync(path.join(this.folder, file)).size;
  }

  /** A JSON file's value; null when it is absent, {} when it cannot be read (which is told). */
  json(file) {
    const text = this.text(file);
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch (error) {
      const at = /position (\d+)/.exec(error.message);
      this.findings.error(`${file}:${at ? lineAt(text, Number(at[1])) : 1}`, `not JSON: ${error.message}`);
      return {};
    }
  }
}

function list(folder, below) {
  return fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
    const name = path.posix.join(below, entry.name);
    return entry.isDirectory() ? list(folder, name) : [name];
  });
}
