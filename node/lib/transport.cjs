'use strict';
// The link's file descriptor: reads into one Buffer that is used again and again, writes responses by the batch.
//
// Reading goes through libuv (a net.Socket with a Buffer of ours); writing is a plain write(2) on the same
// descriptor, which leaves nothing behind when it succeeds, and falls back to libuv's queue when the socket is full.

const { AsyncResource } = require('node:async_hooks');
const fs = require('node:fs');
const net = require('node:net');

const { PREFACE_BYTES } = require('./protocol.cjs');

const READ_BYTES = 256 * 1024;
/** A response waits at most this long for those of the requests that came with its own. */
const HOLD_MS_MAX = 1;
/** Nor for more of them than this: the front writes the first to their clients while the last are made. */
const HOLD_REQUESTS_MAX = 32;

class Transport {
  /**
   * @param {number} fd
   * @param {import('./link.cjs').Link} link
   * @param {() => void} ended the front is gone
   */
  constructor(fd, link, ended) {
    this.fd = fd;
    this.link = link;
    this.ended = ended;
    this.read_buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.reading = false;
    this.scheduled = false;
    /** A write that the socket did not take whole is under way. */
    this.blocked = false;
    this.flushed_at_ms = 0;
    /** Requests served since the last write. */
    this.held = 0;
    /** Where frames are handled: no application's context, whatever has thrown before. */
    this.root = new AsyncResource('DIGLOTLINK');
    this.flush = this.flush.bind(this);
    link.output.wanted = () => this.schedule();
    link.waits_for_none = () => this.waits_for_none();
    link.flush = this.flush;
    this._read_preface();
    this.socket = new net.Socket({
      fd,
      readable: true,
      writable: true,
      allowHalfOpen: true,
      onread: { buffer: this.read_buffer, callback: (bytes) => this._read(bytes) },
    });
    this.socket.on('end', ended);
    this.socket.on('close', ended);
    this.socket.on('error', ended);
    this.socket.unref();
  }

  /** Reads the server's first bytes at once if they are there: a program that fails early can say so then. */
  _read_preface() {
    try {
      const bytes = fs.readSync(this.fd, this.read_buffer, 0, PREFACE_BYTES);
      if (bytes === 0) return this.ended();
      this.link.receive(this.read_buffer, bytes);
    } catch (error) {
      if (error.code !== 'EAGAIN' && error.code !== 'EINTR') throw error;
    }
  }

  /** Whether the link keeps the process alive. @param {boolean} alive */
  keep_alive(alive) {
    if (alive) this.socket.ref();
    else this.socket.unref();
  }

  _read(bytes) {
    this._receive(this.read_buffer, bytes);
    return true;
  }

  _receive(buffer, bytes) {
    this.reading = true;
    this.flushed_at_ms = performance.now();
    let finished = false;
    try {
      this.link.receive(buffer, bytes);
      finished = true;
    } finally {
      this.reading = false;
      // The application threw, and its error is on its way to 'uncaughtException'. If that is handled, life goes on.
      if (!finished) {
        if (this.link.interrupted) setImmediate(() => this.root.runInAsyncScope(this._receive, this, buffer, 0));
        if (this.link.output.length > 0) this.schedule();
      }
    }
    this.flush();
  }

  /** Something waits to be written: at the end of this read, or of this turn of the loop. */
  schedule() {
    if (this.scheduled || this.reading) return;
    this.scheduled = true;
    setImmediate(this.flush);
  }

  /** A request was served while others of the same read wait: let its response go if they take long. */
  served() {
    if (this.link.output.length === 0) return;
    const now_ms = performance.now();
    if (++this.held < HOLD_REQUESTS_MAX && now_ms - this.flushed_at_ms < HOLD_MS_MAX) return;
    this.flushed_at_ms = now_ms;
    this.flush();
  }

  /**
   * Whether a response the application has just ended is to leave before its code goes on, which may take long. Within a read it waits only
   * for requests that came with its own; outside, where each may be the last of the turn, for those of the same HOLD_MS_MAX.
   */
  waits_for_none() {
    if (this.blocked) return false;
    if (this.reading) return !this.link.request_waits;
    const now_ms = performance.now();
    if (now_ms - this.flushed_at_ms < HOLD_MS_MAX) return false;
    this.flushed_at_ms = now_ms;
    return true;
  }

  /** Writes what waits. */
  flush() {
    this.scheduled = false;
    this.held = 0;
    const output = this.link.output;
    if (this.blocked || output.length === 0) return;
    let written = 0;
    try {
      written = fs.writeSync(this.fd, output.buffer, 0, output.length);
    } catch (error) {
      if (error.code !== 'EAGAIN' && error.code !== 'EINTR') return this.ended();
    }
    if (written < output.length) {
      this.blocked = true;
      this.socket.write(Buffer.from(output.buffer.subarray(written, output.length)), () => {
        this.blocked = false;
        this.flush();
      });
    }
    output.clear();
  }

  /** Calls back when all that waits has been written. @param {() => void} callback */
  finish(callback) {
    this.flush();
    if (this.blocked) this.socket.write('', callback);
    else callback();
  }

  /** Writes what waits, once, because the process ends: the link has taken little yet. */
  flush_last() {
    const { output } = this.link;
    try {
      if (!this.blocked && output.length > 0) fs.writeSync(this.fd, output.buffer, 0, output.length);
    } catch {
      // The front is gone: nobody is there to be told.
    }
    output.clear();
  }
}

module.exports = { Transport };
