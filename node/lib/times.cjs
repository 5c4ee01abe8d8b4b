'use strict';
// The times an application sets on its server. One it leaves as Node has it is the front's to set: that is made for many clients, and
// the server's configuration says it.

const http = require('node:http');

/** More is for ever: what a LIMITS frame can say. */
const MS_MAX = 0xffffffff;

/** @type {http.Server | null} */
let untouched = null;

/** @param {http.Server} server @param {string} name of the property @returns {boolean} the application has changed it */
function sets_time(server, name) {
  untouched ??= new http.Server();
  return server[name] !== untouched[name];
}

/**
 * What the front is to be told of.
 * @param {http.Server} server
 * @returns {{ head_ms: number, request_ms: number }} 0: the front's
 */
function times_of(server) {
  const ms = (name) => (sets_time(server, name) && server[name] > 0 ? Math.min(server[name], MS_MAX) : 0);
  return { head_ms: ms('headersTimeout'), request_ms: ms('requestTimeout') };
}

module.exports = { sets_time, times_of };
