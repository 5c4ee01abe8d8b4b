'use strict';
// The head of a CALL frame, read in place.

const { CALL, CALL_FIXED_BYTES, ABOARD_BYTES_MAX, CONTEXT_BYTES_MAX, DEPTH_MAX } = require('./protocol.cjs');

/** One object, filled anew for each call: its reader takes what it needs at once. */
class CallHead {
  constructor() {
    this.arguments_bytes = 0;
    /** Bytes of DATA the caller takes of the answer. */
    this.window = 0;
    /** Until its deadline; 0: it has none. */
    this.timeout_ms = 0;
    this.is_json = false;
    this.has_items = false;
    /** Who calls; empty: no worker. */
    this.service = '';
    this.function = '';
    this.depth = 0;
    /** Lines `name: value\r\n`. */
    this.context = '';
    /** Where the arguments begin. */
    this.arguments_at = 0;
  }

  /**
   * @param {Buffer} buffer
   * @param {number} at
   * @param {number} end
   * @param {boolean} last no DATA follows
   * @param {number} bytes_max of the arguments
   * @returns {string | null} what is wrong with it
   */
  read(buffer, at, end, last, bytes_max) {
    if (end - at < CALL_FIXED_BYTES) return 'a malformed CALL frame';
    const flags = buffer[at + 12];
    const service_bytes = buffer[at + 13];
    const function_bytes = buffer[at + 14];
    const context_bytes = buffer[at + 16] | (buffer[at + 17] << 8);
    const function_at = at + CALL_FIXED_BYTES + service_bytes;
    const context_at = function_at + function_bytes;
    const arguments_at = context_at + context_bytes;
    const aboard = end - arguments_at;
    const arguments_bytes = buffer.readUInt32LE(at);
    const is_malformed =
      flags > CALL.ALL ||
      function_bytes === 0 ||
      (buffer[at + 18] | buffer[at + 19]) !== 0 ||
      buffer[at + 15] > DEPTH_MAX ||
      context_bytes > CONTEXT_BYTES_MAX ||
      aboard !== Math.min(arguments_bytes, ABOARD_BYTES_MAX) ||
      (last && aboard !== arguments_bytes);
    if (is_malformed) return 'a malformed CALL frame';
    if (arguments_bytes > bytes_max) return `a CALL frame that announces ${arguments_bytes} bytes, above the maximum of ${bytes_max}`;
    this.arguments_bytes = arguments_bytes;
    this.window = buffer.readUInt32LE(at + 4);
    this.timeout_ms = buffer.readUInt32LE(at + 8);
    this.is_json = (flags & CALL.JSON) !== 0;
    this.has_items = (flags & CALL.ITEMS) !== 0;
    this.depth = buffer[at + 15];
    this.service = service_bytes === 0 ? '' : buffer.latin1Slice(at + CALL_FIXED_BYTES, function_at);
    this.function = buffer.latin1Slice(function_at, context_at);
    this.context = context_bytes === 0 ? '' : buffer.latin1Slice(context_at, arguments_at);
    this.arguments_at = arguments_at;
    return null;
  }
}

module.exports = { CallHead };
