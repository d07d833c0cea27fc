// The two habits of wx: callbacks, and a promise where there are none.

/**
 * Makes `wx[name]` of an implementation that answers, or throws what went wrong: an Error, a text, or
 * `{ errMsg, errCode }`.
 */
export function define(wx, name, implementation) {
  wx[name] = (options = {}) => {
    const hasCallbacks = Boolean(options.success || options.fail || options.complete);
    // It begins at once: some doors of a browser, too, open only while a tap is being handled.
    const outcome = attempt(() => implementation(options)).then(
      (result) => succeed(name, options, result),
      (error) => failWith(name, options, error, hasCallbacks),
    );
    return hasCallbacks ? undefined : outcome;
  };
}

function attempt(run) {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}

export function succeed(name, options, result) {
  const answer = { errMsg: `${name}:ok`, ...result };
  options.success?.(answer);
  options.complete?.(answer);
  return answer;
}

function failWith(name, options, error, hasCallbacks) {
  const answer = failure(name, error);
  options.fail?.(answer);
  options.complete?.(answer);
  if (!hasCallbacks) throw answer;
  return answer;
}

/** `{ errMsg: 'name:fail why' }`, with the code where there is one. */
export function failure(name, error) {
  const why = error?.errMsg ?? error?.message ?? String(error);
  const code = error?.errCode === undefined ? {} : { errCode: error.errCode };
  return { errMsg: `${name}:fail ${why}`, ...code };
}

/** A list of listeners under `on…` and `off…`. */
export function listeners(wx, name, on, off) {
  wx[`on${name}`] = on;
  wx[`off${name}`] = off;
}
