'use strict';
// What a call can fail with: one class for each code of the protocol.
//
// The code of THROW decides the class. What the callee's function threw is a RemoteError, with its stack below the caller's own. The text of
// an error names the call, as in Python: whoever logs no more than `message` shall know whose it was.

const { frames_of } = require('./made.cjs');

class CallError extends Error {
  /**
   * @param {string} message
   * @param {{ code?: string, service?: string, function?: string, cause?: unknown }} [about]
   */
  constructor(message, about = {}) {
    super(`${place_of(about)}${message}`, about.cause === undefined ? undefined : { cause: about.cause });
    this.name = new.target.name;
    /** One of the protocol's: `error`, `unavailable` and so on. */
    this.code = about.code ?? new.target.code;
    /** Whose function it was. */
    this.service = about.service;
    this.function = about.function;
  }

  /** What was said, without whose function it was. @returns {string} */
  get said() {
    const place = place_of(this);
    return this.message.startsWith(place) ? this.message.slice(place.length) : this.message;
  }
}
CallError.code = 'error';

/** What stands before the message. @param {{ service?: string, function?: string, type?: string }} error */
function place_of({ service, function: name, type }) {
  if (service === undefined || name === undefined) return '';
  return type === undefined ? `${service}.${name}: ` : `${type}: ${service}.${name}: `;
}

/**
 * The function threw. A class derived from this one stands for the errors whose `type` is its name, or its own static `type`: they are
 * instances of it.
 */
class RemoteError extends CallError {
  constructor(message, about = {}) {
    const type = about.type ?? (new.target === RemoteError ? 'Error' : type_of(new.target));
    super(message, { ...about, type });
    /** The name of the class of what it threw. */
    this.type = type;
    /** What that carried. */
    this.data = about.data;
  }
}
Object.defineProperty(RemoteError, Symbol.hasInstance, {
  value(error) {
    if (Function.prototype[Symbol.hasInstance].call(this, error)) return true;
    return this !== RemoteError && error instanceof RemoteError && error.type === type_of(this);
  },
});
RemoteError.code = 'error';

/** @param {any} derived @returns {string} */
function type_of(derived) {
  return Object.hasOwn(derived, 'type') ? derived.type : derived.name;
}

class WithIssues extends CallError {
  constructor(message, about = {}) {
    super(message, about);
    /** What is wrong, each with the path to it. @type {{ path: (string | number)[], message: string }[]} */
    this.issues = about.issues ?? [];
  }
}

/** The arguments are not what the function takes. */
class InvalidArguments extends WithIssues {}
InvalidArguments.code = 'invalid_arguments';

/** The function returned something else than it says. */
class InvalidResult extends WithIssues {}
InvalidResult.code = 'invalid_result';

class UnknownService extends CallError {}
UnknownService.code = 'unknown_service';

class UnknownFunction extends CallError {}
UnknownFunction.code = 'unknown_function';

class Unavailable extends CallError {}
Unavailable.code = 'unavailable';

class Overloaded extends CallError {}
Overloaded.code = 'overloaded';

class DeadlineExceeded extends CallError {}
DeadlineExceeded.code = 'deadline_exceeded';

class CallCancelled extends CallError {}
CallCancelled.code = 'cancelled';

class WorkerLost extends CallError {}
WorkerLost.code = 'worker_lost';

class TooLarge extends CallError {}
TooLarge.code = 'too_large';

class UnsupportedValue extends CallError {}
UnsupportedValue.code = 'unsupported_value';

class TooDeep extends CallError {}
TooDeep.code = 'too_deep';

const CLASSES = {
  CallError,
  RemoteError,
  InvalidArguments,
  InvalidResult,
  UnknownService,
  UnknownFunction,
  Unavailable,
  Overloaded,
  DeadlineExceeded,
  CallCancelled,
  WorkerLost,
  TooLarge,
  UnsupportedValue,
  TooDeep,
};

const BY_CODE = new Map(
  Object.values(CLASSES)
    .filter((one) => one !== CallError)
    .map((one) => [one.code, one]),
);

/**
 * What THROW carries.
 * @typedef {{ code?: string, message?: string, service?: string, function?: string, type?: string, data?: any, stack?: string, issues?: any[] }} Thrown
 */

const TEXTS = ['code', 'message', 'service', 'function', 'type', 'stack'];

/**
 * Reads a THROW, which nobody between callee and caller has looked at: what is not as it should be is left out.
 * @param {string} text
 * @returns {Thrown}
 */
function read_thrown(text) {
  let thrown;
  try {
    thrown = JSON.parse(text);
  } catch {
    thrown = null;
  }
  if (thrown === null || typeof thrown !== 'object' || Array.isArray(thrown)) return { code: 'error', message: 'it failed, and its error cannot be read' };
  for (const name of TEXTS) if (Object.hasOwn(thrown, name) && typeof thrown[name] !== 'string') delete thrown[name];
  if (Array.isArray(thrown.issues)) thrown.issues = thrown.issues.filter(is_issue);
  else delete thrown.issues;
  return thrown;
}

function is_issue(issue) {
  return typeof issue?.message === 'string' && Array.isArray(issue.path) && issue.path.every((part) => typeof part === 'string' || typeof part === 'number');
}

/**
 * The error for a THROW. It may be of a call that the function has made itself; the stack is then that of the function, all the same.
 * @param {Thrown} thrown
 * @param {string} service whose function was called
 * @param {string} name the function's
 * @param {{ stack?: string } | null} [made] where
 * @returns {CallError}
 */
function from_thrown(thrown, service, name, made = null) {
  const { code = 'error', message = '', type, data, stack, issues } = thrown;
  const Class = BY_CODE.get(code) ?? CallError;
  const about = { code, service: thrown.service ?? service, function: thrown.function ?? name, data, issues };
  if (Class === RemoteError) Object.assign(about, { type });
  const error = located(new Class(message, about), made);
  if (typeof stack === 'string') error.stack = `${error.stack}\n    in ${service}.${name}:\n${indented(stack)}`;
  return error;
}

/**
 * Gives an error the stack of who awaits it, else of where the call was made. Diglot's own frames say nothing.
 * @template {Error} E
 * @param {E} error that is made within `raise`
 * @param {{ stack?: string } | null} made
 * @returns {E}
 */
function located(error, made) {
  Error.captureStackTrace(error, raise);
  if (made !== null && frames_of(error.stack).length === 0) error.stack = [String(error), ...frames_of(made.stack)].join('\n');
  return error;
}

/**
 * An error of this end is one of that call: its text says so, as if it had been made with it.
 * @param {CallError} error
 * @param {string} service
 * @param {string} name the function's
 * @returns {CallError}
 */
function of_call(error, service, name) {
  if (error.service !== undefined) return error;
  error.service = service;
  error.function = name;
  error.message = `${place_of(error)}${error.message}`;
  return error;
}

/**
 * Rejects with an error that is made when the engine knows who awaits it, and so has them in its stack. A promise is to be resolved with what
 * this returns.
 * @param {() => any} make
 * @returns {Promise<never>}
 */
async function raise(make) {
  // Until then the promise that was resolved with this one has begun to wait for it.
  await null;
  await null;
  await null;
  throw make();
}

/** @param {string} text */
function indented(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

module.exports = { ...CLASSES, from_thrown, located, of_call, raise, read_thrown };
