'use strict';
// The package `diglot`. In a worker it is the worker's own, whichever copy of the package was found.

module.exports = require('../lib/calls/sdk.cjs').sdk().exported;
