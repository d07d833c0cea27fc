// One area of what browsers are served, as files in memory.

/**
 * @typedef {object} Area
 * @property {string} [skipped] the file that is missing, where there is nothing to build yet
 * @property {Map<string, string | Uint8Array>} [files] by their path in the area
 * @property {string[]} [errors] each with its file and line
 * @property {string[]} [warnings]
 * @property {string[]} [inputs] what went into the scripts, for the licences
 */

export {};
