// Written by `diglot types`. Do not edit: it is written anew when Diglot changes.
/* eslint-disable */
// biome-ignore-all lint: it is written
/// <reference lib="es2020" />
/// <reference lib="esnext.disposable" />

/** Offer functions to the other services that Diglot runs, and call theirs. */
declare module "diglot" {

  /** The services and their functions: `diglot types` writes them, by augmenting this. Until then everything may be called. */
  export interface Services {}

  export interface CallOptions {
    /** Milliseconds until the call fails with `DeadlineExceeded`; Infinity: none of its own. Never longer than what is left of the call it is made in. */
    timeout?: number;
    /** Gives the call up: it rejects with the signal's reason, and the callee is told. */
    signal?: AbortSignal;
    /** It may be begun once more should its worker be lost. */
    idempotent?: boolean;
  }

  /** The answer of a function. The call begins at once. */
  export interface Call<T> extends Promise<T> {}

  /** The answer of a function that returns a stream of items: to be iterated with `for await`, and nothing to await. Leaving the loop gives the call up. What takes one, and a generator in its place, takes an `AsyncIterable<T>`. */
  export interface Stream<T> extends AsyncIterable<T> {
    [Symbol.asyncIterator](): AsyncIterableIterator<T>;
    /** It is no promise: a compiler refuses to `await` it. */
    then(use_for_await: never): never;
  }

  /** Services nobody has written the types of. */
  export type UntypedServices = Record<string, Record<string, (args?: object, options?: CallOptions) => Call<any> & Stream<any>>>;

  export const services: [keyof Services] extends [never] ? UntypedServices : Services;

  /** A schema of zod (4.2 and later), valibot, arktype and others: https://standardschema.dev */
  export interface StandardSchema<Input = unknown, Output = unknown> {
    readonly '~standard': {
      readonly version: 1;
      readonly vendor: string;
      readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    };
  }

  /** One of those, or JSON Schema, as TypeBox's are. */
  export type Schema = StandardSchema<any, any> | object;

  export interface FunctionOptions {
    /** Instead of the name it is bound to. */
    name?: string;
    /** Of the object of the parameters. */
    input?: Schema;
    /** Of what it returns, or of an item of its stream. */
    output?: Schema;
    /** The parameter that is a stream of items, and the schema of one. */
    items?: Record<string, Schema>;
    /** It answers with a stream of items. Generators need not say so. */
    stream?: boolean;
    /** Milliseconds, for callers that set none: above 0, at most 4,294,967,295. */
    timeout?: number;
    /** Calls at a time in one worker. */
    concurrency?: number;
    /** Calls that wait beyond these, in all; 0: none. */
    queue?: number;
    /** It may be begun once more should its worker be lost. */
    idempotent?: boolean;
    /** Errors it says it throws, by the name of their class: the class, whose fields are told to callers; the schema of their `data`; or true. */
    errors?: Record<string, Schema | (abstract new (...args: any[]) => Error) | true>;
  }

  type OutputOf<S> = S extends StandardSchema<any, infer Output> ? Output : any;

  /** Offers a function to the other services, and returns it. */
  export function func<F extends (...args: any[]) => unknown>(fn: F): F;
  export function func<S extends StandardSchema<any, any>, R>(
    options: FunctionOptions & { input: S },
    fn: (args: OutputOf<S>) => R,
  ): (args: OutputOf<S>) => R;
  export function func<F extends (...args: any[]) => unknown>(options: FunctionOptions, fn: F): F;

  /** Of the call at hand: aborted when its caller waits no more. Outside of one it never is. */
  export function signal(): AbortSignal;

  /** The trace that a request or a call stands in (W3C Trace Context), and the request's id: those that came. */
  export interface Context {
    traceparent?: string;
    tracestate?: string;
    'x-request-id'?: string;
  }

  /**
   * Of the request or the call at hand; calls that are made here take the same along. Empty outside of one, and when it has been answered.
   * A carrier for OpenTelemetry: `propagation.extract(ROOT_CONTEXT, context())`.
   */
  export function context(): Context;

  /** Arrays of numbers by the type of their elements. */
  export interface TypedArrays {
    uint8: Uint8Array;
    uint8_clamped: Uint8ClampedArray;
    int8: Int8Array;
    uint16: Uint16Array;
    int16: Int16Array;
    uint32: Uint32Array;
    int32: Int32Array;
    uint64: BigUint64Array;
    int64: BigInt64Array;
    float32: Float32Array;
    float64: Float64Array;
    /** 0 and 1. */
    bool: Uint8Array;
  }

  /** What an element is; `float16` where Node.js has a Float16Array. */
  export type DType = keyof TypedArrays | 'float16';

  /** An array of any shape, row by row: numpy's `ndarray` in Python. */
  export interface NDArray<D extends DType = DType> {
    readonly shape: number[];
    readonly data: DataOf<D>;
    readonly dtype: D;
  }

  /** Of a typed array, which is not copied: its dtype is that of the data, or what is said, as `bool` of a Uint8Array of 0 and 1. */
  export const NDArray: {
    readonly prototype: NDArray;
    new (shape: number[], data: Int8Array): NDArray<'int8'>;
    new (shape: number[], data: Uint8Array): NDArray<'uint8'>;
    new (shape: number[], data: Int16Array): NDArray<'int16'>;
    new (shape: number[], data: Uint16Array): NDArray<'uint16'>;
    new (shape: number[], data: Int32Array): NDArray<'int32'>;
    new (shape: number[], data: Uint32Array): NDArray<'uint32'>;
    new (shape: number[], data: BigInt64Array): NDArray<'int64'>;
    new (shape: number[], data: BigUint64Array): NDArray<'uint64'>;
    new (shape: number[], data: Float32Array): NDArray<'float32'>;
    new (shape: number[], data: Float64Array): NDArray<'float64'>;
    new <D extends DType>(shape: number[], data: DataOf<D>, dtype?: D): NDArray<D>;
  };

  /** Numbers of 16 bits in a row: a Float32Array of the same numbers where Node.js, or the project's `lib`, has no Float16Array. */
  export type Float16s = Float32Array | (typeof globalThis extends { Float16Array: { readonly prototype: infer A } } ? A : never);

  type DataOf<D extends DType> = D extends keyof TypedArrays ? TypedArrays[D] : ArrayLike<number>;

  /** What is wrong, and where. */
  export interface Issue {
    path: (string | number)[];
    message: string;
  }

  /** What a call fails with. */
  export class CallError extends Error {
    constructor(message: string, about?: { code?: string; service?: string; function?: string; cause?: unknown });
    code: string;
    service: string | undefined;
    function: string | undefined;
    /** What was said, without whose function it was: `message` has both. */
    readonly said: string;
  }
  /**
   * The function threw. Its stack stands below the local one. Errors whose `type` is the name of a class derived from this one, or its static
   * `type`, are instances of that:
   *
   *     class OutOfStock extends RemoteError { declare data: { left: number } }
   */
  export class RemoteError extends CallError {
    constructor(message: string, about?: { type?: string; data?: unknown; service?: string; function?: string; cause?: unknown });
    /** The name of the class of what it threw. */
    type: string;
    data: any;
  }
  /** The arguments are not what the function takes. */
  export class InvalidArguments extends CallError {
    issues: Issue[];
  }
  /** The function returned something else than it says. */
  export class InvalidResult extends CallError {
    issues: Issue[];
  }
  export class UnknownService extends CallError {}
  export class UnknownFunction extends CallError {}
  /** The service's workers keep failing, or the server stops. */
  export class Unavailable extends CallError {}
  /** As many calls wait as may. */
  export class Overloaded extends CallError {}
  /** It took too long. */
  export class DeadlineExceeded extends CallError {}
  export class CallCancelled extends CallError {}
  /** The callee's worker ended with the call in its hands. */
  export class WorkerLost extends CallError {}
  /** A message is longer than may be. */
  export class TooLarge extends CallError {}
  /** A value has no counterpart in other languages. */
  export class UnsupportedValue extends CallError {}
  /** Calls within calls, without end. */
  export class TooDeep extends CallError {}

  export {};
}

/** Helpers for tests of programs that call services. */
declare module "diglot/testing" {

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

  export {};
}
