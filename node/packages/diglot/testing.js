'use strict';

module.exports = require('../../sdk/testing.cjs');
