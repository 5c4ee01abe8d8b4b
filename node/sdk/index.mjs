// The package `diglot`.

import sdk from './index.cjs';

export const {
  func,
  services,
  signal,
  context,
  NDArray,
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
} = sdk;
