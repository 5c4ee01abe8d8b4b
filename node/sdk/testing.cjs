'use strict';
// The package's `diglot/testing`.

const { stub } = require('../lib/calls/testing.cjs');
const { serve } = require('../lib/testing/server.cjs');
const { useServer, useStub } = require('../lib/testing/fixtures.cjs');

module.exports = { serve, stub, useServer, useStub };
