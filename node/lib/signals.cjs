'use strict';
// SIGTERM and SIGINT belong to the server until it says that the worker is to end.
//
// Who stops a whole service sends its signal to every process of it at once, as systemd does. The server got it too, and lets this
// process finish what it has. So the signal is kept from ending the program, and from its own handlers, until the server says DRAIN; then
// it is raised here, and all is as under `node`. A program that signals itself means it, and gets what it asked for at any time.
//
// No listener of this file is to be seen: libraries count those of a signal to find out whether the program has a handler of its own.

const { constants } = require('node:os');

const HELD = ['SIGTERM', 'SIGINT'];
const NUMBERS = new Map(HELD.map((signal) => [constants.signals[signal], signal]));

function nothing() {}

class Signals {
  constructor() {
    /** The server has let go: signals do what they do under `node`. */
    this.released = false;
    /** Signals that the program has sent itself and that have not come yet. @type {Set<string>} */
    this.own = new Set();
    /** Called when the program's handlers of a signal have been called, once it was let go. */
    this.handled = () => {};
  }

  hold() {
    for (const signal of HELD) this._take(signal);
    // With its last listener Node gives a signal back to the system, where its default is the end.
    process.on('removeListener', (name) => {
      if (!this.released && HELD.includes(name) && process.listenerCount(name) === 0) this._take(name);
    });
    const signals = this;
    const { kill } = process;
    process.kill = Object.defineProperty(
      function (pid, signal, ...rest) {
        signals._about_to_kill(pid, signal ?? 'SIGTERM');
        return kill.call(this, pid, signal, ...rest);
      },
      'name',
      { value: 'kill' },
    );
  }

  /** Gives both back to the program: from here on they do what they do under `node`. */
  release() {
    this.released = true;
    for (const signal of HELD) this._give_back(signal);
  }

  /**
   * Has Node deliver a signal here. It binds the handler of a signal to `process.emit` as that is when the first listener comes, and
   * gives the signal up when it hears that the last has gone.
   */
  _take(signal) {
    // Those that a module before this one has set.
    const listeners = process.rawListeners(signal);
    process.removeAllListeners(signal);
    const inherited = !Object.hasOwn(process, 'emit');
    const { emit } = process;
    process.emit = (name, ...args) => (name === signal ? this._came(signal, args) : emit.call(process, name, ...args));
    process.on(signal, nothing);
    if (inherited) delete process.emit;
    else process.emit = emit;
    delete process._events[signal];
    process._eventsCount -= 1;
    for (const listener of listeners) process.on(signal, listener);
  }

  /** Without a listener of the program, the signal's default is the system's again. */
  _give_back(signal) {
    if (process.listenerCount(signal) > 0) return;
    const { released } = this;
    this.released = true;
    process.on(signal, nothing);
    process.removeListener(signal, nothing);
    this.released = released;
  }

  _came(signal, args) {
    if (this.released) {
      setImmediate(this.handled);
      return process.emit(signal, ...args);
    }
    return this.own.delete(signal) ? process.emit(signal, ...args) : false;
  }

  _about_to_kill(pid, signal) {
    const name = NUMBERS.get(signal) ?? signal;
    if (this.released || !HELD.includes(name) || Number(pid) !== process.pid) return;
    if (process.listenerCount(name) > 0) this.own.add(name);
    else this._give_back(name);
  }
}

module.exports = { Signals };
