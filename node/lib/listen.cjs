'use strict';
// Takes over `listen` of http and https servers: the routed server binds nothing and gets its requests from the link.
//
// It is replaced where both inherit it, on net.Server's prototype, and passes everything else on: so whichever way a program comes
// by its http or https, the replacement is there, and neither module is loaded for a program that does not use it.
//
// The routed server is the first that listens, or the one that asks for the port the service names. Its handle is a
// stand-in that knows the front's address, so that Node's own `address`, `listening`, `close`, `ref` and `getConnections` answer.
// Other servers of the program bind for real, on loopback.

const net = require('node:net');
const { constants } = require('node:os');

/** A port no server can ask for: the program exports `fetch`, and no server of it is routed. */
const SERVED_OTHERWISE = -2;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Stands where the routed server has its libuv handle. */
class ServerHandle {
  /** @param {Takeover} takeover @param {import('node:http').Server} server */
  constructor(takeover, server) {
    this.takeover = takeover;
    this.server = server;
  }

  getsockname(out) {
    const { host, port } = this.takeover.address;
    out.address = host;
    out.family = net.isIPv6(host) ? 'IPv6' : 'IPv4';
    out.port = port;
    return 0;
  }

  close(callback) {
    this.takeover.closed(this.server);
    if (callback !== undefined) setImmediate(callback);
  }

  ref() {
    this.takeover.keep_alive(true);
  }

  unref() {
    this.takeover.keep_alive(false);
  }

  hasRef() {
    return true;
  }
}

/**
 * @typedef {object} Routing
 * @property {({ host: string, port: number } | { path: string })[]} listen the front's listeners, the first is the address
 * @property {number | null} port whose `listen` is the routed server's; null: the first one's
 * @property {(server: import('node:http').Server) => void} listening the routed server listens
 * @property {(server: import('node:http').Server) => void} closed it was closed
 * @property {(alive: boolean) => void} keep_alive whether it keeps the process alive
 * @property {() => Iterable<import('./socket.cjs').LinkSocket>} sockets of all connections that are open
 * @property {boolean} others_serve the service has further workers
 * @property {(line: string) => void} log
 */

/** Puts a method in the place of another, as like it as can be. */
function replace(object, name, value) {
  Object.defineProperty(value, 'name', { value: object[name].name, configurable: true });
  Object.defineProperty(object, name, { configurable: true, enumerable: true, writable: true, value });
}

/** Whether it is an http or https server: both set this when they are made. */
function serves_http(server) {
  return Object.hasOwn(server, 'httpAllowHalfOpen');
}

/** Whether its clients speak TLS. */
function speaks_tls(server) {
  return typeof server.setSecureContext === 'function';
}

const kClosing = Symbol('diglot.closing');

class Takeover {
  /** @param {Routing} routing */
  constructor(routing) {
    this.routing = routing;
    const first = routing.listen[0];
    this.path = 'path' in first ? first.path : null;
    this.address = 'path' in first ? { host: '', port: 0 } : first;
    /** @type {import('node:http').Server | null} */
    this.server = null;
    /** Further servers on the routed server's port, as Fastify makes them for localhost: they bind nothing. */
    this.aliases = new Set();
    /** The port and the host that the routed server asked for. */
    this.asked_port = -1;
    /** @type {string | undefined} */
    this.asked_host = undefined;
    this.told_of_tls = false;
    /** Whose `close()` runs. @type {import('node:http').Server | null} */
    this.in_close = null;
    /** Closed, but requests may still come for them: 'close' waits. @type {import('node:http').Server[]} */
    this.closing = [];
  }

  install() {
    const takeover = this;
    const { listen } = net.Server.prototype;
    replace(net.Server.prototype, 'listen', function (...args) {
      if (serves_http(this)) return takeover.listen(this, listen, args);
      takeover.watch_others(args);
      return listen.apply(this, args);
    });
  }

  /** Says why a server that is not routed cannot have the port it wants, as it may be told by PORT: Node only says that it is in use. */
  watch_others(args) {
    const port = asked_port(net._normalizeArgs(args)[0]);
    if (port === null || port <= 0 || port !== this.address.port) return;
    this.routing.log(
      `a server of this program asks for port ${port}, which the server in front has: only http and https servers are routed, and those of ` +
        'net and http2 listen by themselves, on ports of their own',
    );
  }

  /** The program serves by other means: whatever listens from now on binds for real. */
  give_up() {
    this.routing.port = SERVED_OTHERWISE;
  }

  /**
   * @param {import('node:http').Server} server
   * @param {Function} original Node's own `listen`
   * @param {any[]} args
   */
  listen(server, original, args) {
    const [options, callback] = net._normalizeArgs(args);
    const port = asked_port(options);
    // Misuse is answered by Node: a server that listens already, a port that is none.
    if (server._handle || port === null) return original.apply(server, args);
    if (this.server === null && this._is_routed(port)) {
      this._route(server, port, options.host);
      return this._pretend(server, options, callback);
    }
    if (this.server !== null && this._is_taken(port)) {
      if (options.host === this.asked_host || !LOOPBACK.has(options.host)) return in_use(server, port, options, callback);
      this.aliases.add(server);
      return this._pretend(server, options, callback);
    }
    return original.apply(server, this._on_loopback(options, callback, args));
  }

  _is_routed(port) {
    return this.routing.port === null || this.routing.port === port;
  }

  /** Whether it is the port of the routed server: by its own words, or by what its `address()` says. */
  _is_taken(port) {
    return port > 0 && (port === this.asked_port || port === this.address.port);
  }

  _route(server, port, host) {
    this.server = server;
    this.asked_port = port;
    this.asked_host = host;
    this._watch_closing(server);
    if (speaks_tls(server) && !this.told_of_tls) {
      this.told_of_tls = true;
      this.routing.log("the application's own TLS key and certificate are not used: the server in front speaks with clients");
    }
  }

  /** Makes its class close the link's connections too: Node's own methods know only those that Node parses. */
  _watch_closing(server) {
    let prototype = Object.getPrototypeOf(server);
    while (prototype !== null && !Object.hasOwn(prototype, 'closeIdleConnections')) prototype = Object.getPrototypeOf(prototype);
    if (prototype === null || prototype[kClosing]) return;
    Object.defineProperty(prototype, kClosing, { value: true });
    const takeover = this;
    const { close, closeAllConnections, closeIdleConnections } = prototype;
    replace(prototype, 'close', function (...args) {
      takeover.in_close = this;
      try {
        return close.apply(this, args);
      } finally {
        takeover.in_close = null;
      }
    });
    replace(prototype, 'closeAllConnections', function () {
      closeAllConnections.call(this);
      // Of those that were taken over Node's own knows nothing any more.
      for (const socket of takeover.routing.sockets()) if (socket._server === this && !socket.is_tunnel) socket._close();
    });
    replace(prototype, 'closeIdleConnections', function () {
      for (const socket of takeover.routing.sockets()) {
        if (socket._server !== this || socket.busy) continue;
        // A server that closes leaves its clients to the service's other workers.
        if (takeover.in_close === this && takeover.routing.others_serve) socket._leave();
        else socket._close_idle();
      }
      // Behind it, for those that Node itself has accepted: it would destroy the others at once.
      closeIdleConnections.call(this);
    });
  }

  _pretend(server, options, callback) {
    if (callback !== null) server.once('listening', callback);
    server._handle = new ServerHandle(this, server);
    if (this.path !== null) {
      server._handle.getsockname = undefined;
      server._pipeName = this.path;
    }
    if (server._unref) server.unref();
    const { signal } = options;
    if (signal !== undefined) {
      if (signal.aborted) process.nextTick(() => server.close());
      else signal.addEventListener('abort', () => server.close(), { once: true });
    }
    process.nextTick(() => {
      if (server._handle === null) return;
      server.emit('listening');
      if (server === this.server) this.routing.listening(server);
    });
    return server;
  }

  _on_loopback(options, callback, args) {
    const asked = asked_port(options);
    if (options.path !== undefined || options.fd !== undefined || asked < 0) return args;
    const rest = callback === null ? [] : [callback];
    const host = LOOPBACK.has(options.host) ? options.host : '127.0.0.1';
    const { port } = this.routing;
    const routed = port === null || port === SERVED_OTHERWISE ? 'the first' : `the one on port ${port}`;
    const several = asked === 0 ? '' : '. Only one worker can have a port: with several, give each its own';
    this.routing.log(`a server of this program listens on ${host}, port ${asked}, by itself: ${routed} is routed${several}`);
    return [{ ...options, port: asked, host }, ...rest];
  }

  /** @param {import('node:http').Server} server */
  closed(server) {
    this.aliases.delete(server);
    if (server !== this.server) return;
    this.server = null;
    // As if of a connection, of which Node waits for the end.
    server._connections++;
    this.closing.push(server);
    this.routing.closed(server);
  }

  /** No request will come for those that were closed: they may say so. */
  let_close() {
    for (const server of this.closing.splice(0)) {
      server._connections--;
      server._emitCloseIfDrained();
    }
  }

  /** @param {boolean} alive */
  keep_alive(alive) {
    this.routing.keep_alive(alive);
  }
}

/** What Node says to a second server on a port that has one. */
function in_use(server, port, { host }, callback) {
  if (callback !== null) server.once('listening', callback);
  const address = host ?? '::';
  const error = Object.assign(new Error(`listen EADDRINUSE: address already in use ${address}:${port}`), {
    code: 'EADDRINUSE',
    errno: -constants.errno.EADDRINUSE,
    syscall: 'listen',
    address,
    port,
  });
  process.nextTick(() => server.emit('error', error));
  return server;
}

/**
 * The port of normalised `listen` arguments: -1 where there is none (a path, a handle), null where it is no port.
 * @param {any} options
 * @returns {number | null}
 */
function asked_port(options) {
  if (options === null || typeof options !== 'object') return null;
  if (options.path !== undefined && options.port === undefined) return typeof options.path === 'string' ? -1 : null;
  if (options._handle || typeof options.fd === 'number' || options instanceof net.Server || options.handle) return -1;
  const { port } = options;
  // Node's normalisation takes the callback of `listen(callback)` for a port.
  if (port === undefined || port === null || typeof port === 'function') return 0;
  if (typeof port !== 'number' && typeof port !== 'string') return null;
  if (typeof port === 'string' && port.trim() === '') return null;
  const number = Number(port);
  return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : null;
}

module.exports = { Takeover, speaks_tls };
