// The package's `diglot/testing`.

import testing from './testing.cjs';

export const { stub } = testing;
