// biome-ignore-all lint/suspicious/noExplicitAny: what programs give to each other has no type here
/** Helpers for tests of programs that call services. */

export interface Stub {
  /** Takes the stub away. */
  restore(): void;
  [Symbol.dispose](): void;
}

/**
 * Puts functions in the place of a service, until `restore()`. Values are encoded and decoded on their way, as they are on the real one.
 *
 *     using model = stub('model', { similar: ({ itemId }) => [] });
 */
export function stub(service: string, functions: Record<string, (args: any) => unknown>): Stub;

export interface ServeOptions {
  /** Of `diglot.toml`, or where the targets are. */
  folder?: string;
  /** `main:app`, `server.js`: instead of `diglot.toml`. */
  targets?: string[];
  /** Addresses instead of a port that is free. */
  listen?: string[];
  /** The `diglot` to run; else that of DIGLOT_BIN, or the one on the PATH. */
  command?: string;
  env?: Record<string, string>;
  /** Milliseconds until it has to listen. */
  startTimeout?: number;
}

/** A whole server that runs. */
export interface Server {
  /** Of its first listener. */
  readonly url: string;
  readonly urls: string[];
  /** What it has written so far. */
  readonly log: string;
  /** Calls a function, `model.similar`: what JSON has of its answer, of a stream an array. */
  call(name: string, args?: object): Promise<any>;
  /** Ends it, and gives its exit code. */
  stop(): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Runs a whole server. Rejects with what it wrote where it cannot. */
export function serve(options?: ServeOptions): Promise<Server>;

/** For node:test: a server for the tests of the file, or of the `describe`, that this is called in. */
export function useServer(options?: ServeOptions): Server;

/** For node:test: a stub until the test, the `describe` or the file that this is called in ends. */
export function useStub(service: string, functions: Record<string, (args: any) => unknown>): Stub;
