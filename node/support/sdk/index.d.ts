// What declarations of services are written against.

export declare class NDArray<D extends string = string> {
  readonly shape: number[];
  readonly data: ArrayBufferView;
  readonly dtype: D;
  constructor(shape: number[], data: ArrayBufferView, dtype?: D);
}
export interface CallOptions {
  timeout?: number;
  signal?: AbortSignal;
  idempotent?: boolean;
}
export interface Call<T> extends Promise<T> {
  readonly aborted: boolean;
}
export interface Stream<T> extends AsyncIterable<T> {
  readonly aborted: boolean;
}
// biome-ignore lint/suspicious/noEmptyInterface: declarations of services are added to it
export interface Services {}
export declare const services: Services;
type Fn = (...args: never[]) => unknown;
export declare function func<F extends Fn>(fn: F): F;
export declare function func<F extends Fn>(options: object, fn: F): F;
