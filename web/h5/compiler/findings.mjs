// What is wrong with the source of a mini-program, each with its place.

/** Collects errors and warnings; a build with errors must not be used. */
export class Findings {
  errors = [];
  warnings = [];

  error(place, message) {
    this.errors.push(`${place}: ${message}`);
  }

  warn(place, message) {
    this.warnings.push(`${place}: ${message}`);
  }
}

/** The line, counted from 1, that an offset into a text is on. */
export function lineAt(text, offset) {
  return text.slice(0, offset).split('\n').length;
}
