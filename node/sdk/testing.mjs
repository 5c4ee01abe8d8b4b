// The package's `diglot/testing`.

import testing from './testing.cjs';

export const { serve, stub, useServer, useStub } = testing;
