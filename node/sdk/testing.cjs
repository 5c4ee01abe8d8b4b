'use strict';
// The package's `diglot/testing`.

module.exports = require('../lib/calls/testing.cjs');
