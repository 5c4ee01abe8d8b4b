'use strict';
// Fixtures of node:test: what is there for the tests of a file or of a `describe`, and ends with them.

const { stub } = require('../calls/testing.cjs');
const { serve } = require('./server.cjs');

/**
 * A server for the tests around it: all that it has is there once they begin.
 * @param {any} [options] of `serve`
 * @returns {any} it
 */
function useServer(options) {
  const { before, after } = require('node:test');
  let server = null;
  before(async () => {
    server = await serve(options);
  });
  after(() => server?.stop());
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (server === null) throw new Error('the server runs while the tests do: ask for it within one');
        const value = server[name];
        return typeof value === 'function' ? value.bind(server) : value;
      },
    },
  );
}

/** Functions in the place of a service until the test, the `describe` or the file ends. @param {string} service @param {Record<string, (args: any) => any>} functions */
function useStub(service, functions) {
  const { after } = require('node:test');
  const stubbed = stub(service, functions);
  after(() => stubbed.restore());
  return stubbed;
}

module.exports = { useServer, useStub };
