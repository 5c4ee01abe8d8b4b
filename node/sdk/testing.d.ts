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
