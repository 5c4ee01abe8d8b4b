'use strict';
// What `require('diglot')` finds in a program that has not installed the package.

module.exports = require('../../sdk/index.cjs');
