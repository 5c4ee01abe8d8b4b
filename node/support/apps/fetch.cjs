'use strict';
// A CommonJS module that exports fetch, and keeps the loop busy besides.

setInterval(() => {}, 60_000);
module.exports = { fetch: (request) => new Response(new URL(request.url).pathname) };
