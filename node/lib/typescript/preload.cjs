'use strict';
// Loaded with `--require` into the programs that a service in TypeScript forks.

require('./start.cjs').start();
