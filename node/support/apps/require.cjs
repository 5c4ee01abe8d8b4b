'use strict';
// What a user loads with --require.
globalThis.loaded_before = true;
