'use strict';
// Fixtures of node:test: what is there for the tests of a file or of a `describe`, and ends with them.

const fs = require('node:fs');
const { dirname, join } = require('node:path');
const { stub } = require('../calls/testing.cjs');
const { serve } = require('./server.cjs');

/** When what `useServer` returns may be asked. */
const WHEN = 'call useServer() for the file or in a describe, and use it in their tests; `await serve()` runs one within a test';

/**
 * A server for the tests around it: all that it has is there once they begin.
 * @param {any} [options] of `serve`; without a folder and targets it runs where diglot.toml is, here or above
 * @returns {any} it
 */
function useServer(options = {}) {
  const { before, after } = require('node:test');
  let server = null;
  let starting = null;
  before(async () => {
    starting = serve(options.targets === undefined ? { folder: project(), ...options } : options);
    server = await starting;
  });
  // Of a test that has failed before it was there as well.
  after(async () => (await starting?.catch(() => null))?.stop());
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (server === null) throw new Error(`the server is not there: ${WHEN}`);
        const value = server[name];
        return typeof value === 'function' ? value.bind(server) : value;
      },
    },
  );
}

/** The tests of one service are below the project. @returns {string} */
function project() {
  const here = process.cwd();
  for (let folder = here; ; folder = dirname(folder)) {
    if (fs.existsSync(join(folder, 'diglot.toml'))) return folder;
    if (folder === dirname(folder)) return here;
  }
}

/** Functions in the place of a service until the test, the `describe` or the file ends. @param {string} service @param {Record<string, (args: any) => any>} functions */
function useStub(service, functions) {
  const { after } = require('node:test');
  const stubbed = stub(service, functions);
  after(() => stubbed.restore());
  return stubbed;
}

module.exports = { useServer, useStub };
