'use strict';
// The calls socket's file descriptor: reads into one Buffer that is used again and again, writes by the batch.
//
// As the link's (transport.cjs): reading goes through libuv, writing is a plain write(2) or writev(2) on the same descriptor, and libuv's
// queue when the socket is full. What a turn of the loop produces leaves at its end.

const fs = require('node:fs');
const net = require('node:net');

const { NAME, REVISION, PREFACE_BYTES } = require('./protocol.cjs');

const READ_BYTES = 256 * 1024;

class CallsSocket {
  /**
   * @param {number} fd
   * @param {import('./connection.cjs').Connection} connection
   * @param {() => void} ended the broker is gone
   */
  constructor(fd, connection, ended) {
    this.fd = fd;
    this.connection = connection;
    this.ended = ended;
    this.read_buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    this.reading = false;
    this.scheduled = false;
    /** A write that the socket did not take whole is under way. */
    this.blocked = false;
    this.flush = this.flush.bind(this);
    connection.output.wanted = () => this.schedule();
    this._write_preface();
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

  _write_preface() {
    const preface = Buffer.alloc(PREFACE_BYTES);
    preface.latin1Write(NAME, 0);
    preface.writeUInt16LE(REVISION, 6);
    const { output } = this.connection;
    output.reserve(PREFACE_BYTES);
    output.buffer.set(preface, output.length);
    output.length += PREFACE_BYTES;
  }

  /** The broker sends its at once: as a rule it is there, and says how long a message may be. */
  _read_preface() {
    try {
      const bytes = fs.readSync(this.fd, this.read_buffer, 0, PREFACE_BYTES);
      if (bytes > 0) this.connection.receive(this.read_buffer, bytes);
    } catch (error) {
      if (error.code !== 'EAGAIN' && error.code !== 'EINTR') throw error;
    }
  }

  /** Whether the socket keeps the process alive. @param {boolean} alive */
  keep_alive(alive) {
    if (alive) this.socket.ref();
    else this.socket.unref();
  }

  _read(bytes) {
    this.reading = true;
    try {
      this.connection.receive(this.read_buffer, bytes);
    } finally {
      this.reading = false;
    }
    // What the program does about it follows when this has returned, and leaves with it.
    if (this.connection.output.bytes > 0 || this.connection.ready.length > 0) this.schedule();
    return true;
  }

  /** Something waits to be written: at the end of this turn of the loop. */
  schedule() {
    if (this.scheduled || this.reading) return;
    this.scheduled = true;
    setImmediate(this.flush);
  }

  /** Writes what waits, as far as the socket takes it. */
  flush() {
    this.scheduled = false;
    const { connection } = this;
    const { output } = connection;
    while (!this.blocked) {
      connection.fill();
      if (output.bytes === 0) return;
      const parts = output.segments.length === 0 ? null : output.parts();
      const total = parts === null ? output.length : output.bytes;
      let written = 0;
      try {
        written = parts === null ? fs.writeSync(this.fd, output.buffer, 0, total) : fs.writevSync(this.fd, parts);
      } catch (error) {
        if (error.code !== 'EAGAIN' && error.code !== 'EINTR') return this.ended();
      }
      if (written < total) this._write_rest(parts ?? [output.buffer.subarray(0, total)], written);
      output.clear(written < total);
    }
  }

  /** Has libuv write what the socket did not take. @param {Uint8Array[]} parts @param {number} written bytes of them */
  _write_rest(parts, written) {
    this.blocked = true;
    const { socket } = this;
    let skipped = written;
    let last = null;
    socket.cork();
    for (const part of parts) {
      if (skipped >= part.length) {
        skipped -= part.length;
        continue;
      }
      if (last !== null) socket.write(last);
      last = skipped === 0 ? part : part.subarray(skipped);
      skipped = 0;
    }
    socket.write(last, () => {
      this.blocked = false;
      this.flush();
    });
    socket.uncork();
  }

  /** Calls back when all that waits has been written. @param {() => void} callback */
  finish(callback) {
    this.flush();
    if (this.blocked) this.socket.write('', () => this.finish(callback));
    else callback();
  }

  /** Writes what waits, once, because the process ends. */
  flush_last() {
    if (this.blocked) return;
    const { connection } = this;
    connection.fill();
    try {
      if (connection.output.bytes > 0) fs.writevSync(this.fd, connection.output.parts());
    } catch {
      // The broker is gone, or takes no more: nobody is there to be told.
    }
    connection.output.clear(false);
  }
}

module.exports = { CallsSocket };
