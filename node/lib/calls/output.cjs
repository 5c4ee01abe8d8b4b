'use strict';
// Bytes that wait to be written to the calls socket: whole frames, and between them long payloads where they lie.
//
// What a turn of the loop produces leaves in one write. Items of a stream share a DATA frame as long as it has not left.

const { HEADER_BYTES, DATA_BYTES_MAX, FLAG_END, TYPE } = require('./protocol.cjs');

const CAPACITY_BYTES = 256 * 1024;
/** After a burst, a Buffer larger than this is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** A payload as long as this is not copied. */
const SEGMENT_BYTES_MIN = 16 * 1024;

class Output {
  constructor() {
    this.buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
    /** Bytes in the Buffer. */
    this.length = 0;
    /** Where what is not among the segments begins in it. */
    this.mark = 0;
    /** What comes before. @type {Uint8Array[]} */
    this.segments = [];
    this.segments_bytes = 0;
    /** Where the last frame is and whose, if it is one of items and may still grow; else -1. */
    this.growing = -1;
    this.growing_id = 0;
    /** Called when the first bytes are appended. */
    this.wanted = () => {};
  }

  /** All that waits. */
  get bytes() {
    return this.segments_bytes + this.length - this.mark;
  }

  /** @param {number} bytes that are appended */
  reserve(bytes) {
    if (this.length === this.mark && this.segments_bytes === 0) this.wanted();
    const needed = this.length + bytes;
    if (needed > this.buffer.length) this._grow(bytes);
  }

  _grow(bytes) {
    // What is among the segments stays in the old one.
    const { mark, length } = this;
    let capacity = CAPACITY_BYTES;
    while (capacity < length - mark + bytes) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.buffer.copy(larger, 0, mark, length);
    if (this.growing >= 0) this.growing -= mark;
    this.buffer = larger;
    this.mark = 0;
    this.length = length - mark;
  }

  /** Begins anew. `kept`: somebody still reads the Buffer. @param {boolean} kept */
  clear(kept) {
    if (kept || this.buffer.length > KEPT_BYTES_MAX) this.buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
    this.length = 0;
    this.mark = 0;
    this.segments = [];
    this.segments_bytes = 0;
    this.growing = -1;
  }

  /** @returns {Uint8Array[]} all that waits, in its order */
  parts() {
    const { segments, mark, length } = this;
    if (length > mark) segments.push(this.buffer.subarray(mark, length));
    return segments;
  }

  /** Appends a frame's header. The caller has reserved its bytes, and appends the payload. */
  header(type, flags, id, payload_bytes) {
    const { buffer } = this;
    const at = this.length;
    buffer[at] = payload_bytes;
    buffer[at + 1] = payload_bytes >>> 8;
    buffer[at + 2] = payload_bytes >>> 16;
    buffer[at + 3] = payload_bytes >>> 24;
    buffer[at + 4] = type;
    buffer[at + 5] = flags;
    buffer[at + 6] = 0;
    buffer[at + 7] = 0;
    buffer[at + 8] = id;
    buffer[at + 9] = id >>> 8;
    buffer[at + 10] = id >>> 16;
    buffer[at + 11] = id >>> 24;
    this.length = at + HEADER_BYTES;
    this.growing = -1;
  }

  /** A frame with a payload that is copied. @param {Uint8Array | null} payload */
  frame(type, flags, id, payload) {
    const bytes = payload === null ? 0 : payload.length;
    this.reserve(HEADER_BYTES + bytes);
    this.header(type, flags, id, bytes);
    if (payload !== null) this.buffer.set(payload, this.length);
    this.length += bytes;
  }

  /** A frame whose payload is one u32. */
  frame_u32(type, id, value) {
    this.reserve(HEADER_BYTES + 4);
    this.header(type, 0, id, 4);
    this.u32(value);
  }

  u32(value) {
    const { buffer, length } = this;
    buffer[length] = value;
    buffer[length + 1] = value >>> 8;
    buffer[length + 2] = value >>> 16;
    buffer[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  /** A DATA frame. @param {Uint8Array} segment @param {number} at @param {number} bytes at most DATA_BYTES_MAX */
  data(id, segment, at, bytes, flags) {
    if (bytes < SEGMENT_BYTES_MIN) return this.frame(TYPE.DATA, flags, id, segment.subarray(at, at + bytes));
    this.reserve(HEADER_BYTES);
    this.header(TYPE.DATA, flags, id, bytes);
    this.segments.push(this.buffer.subarray(this.mark, this.length), segment.subarray(at, at + bytes));
    this.segments_bytes += this.length - this.mark + bytes;
    this.mark = this.length;
  }

  /** An item: behind those that wait in the last frame, or in one of its own. @param {Uint8Array} source @param {number} bytes from its start */
  item(id, source, bytes) {
    const with_length = 4 + bytes;
    this.reserve(HEADER_BYTES + with_length);
    const grows = this.growing >= 0 && this.growing_id === id && this.length - this.growing - HEADER_BYTES + with_length <= DATA_BYTES_MAX;
    const at = grows ? this.growing : this.length;
    if (!grows) this.header(TYPE.DATA, 0, id, 0);
    this.growing = at;
    this.growing_id = id;
    const { buffer } = this;
    this.u32(bytes);
    if (bytes < 64) for (let index = 0, to = this.length; index < bytes; index++) buffer[to + index] = source[index];
    else buffer.set(source.subarray(0, bytes), this.length);
    this.length += bytes;
    const payload_bytes = this.length - at - HEADER_BYTES;
    buffer[at] = payload_bytes;
    buffer[at + 1] = payload_bytes >>> 8;
    buffer[at + 2] = payload_bytes >>> 16;
  }

  /** The end of a direction: with its last frame if that has not left, else with an empty one. */
  end(id) {
    if (this.growing >= 0 && this.growing_id === id) {
      this.buffer[this.growing + 5] = FLAG_END;
      this.growing = -1;
    } else {
      this.frame(TYPE.DATA, FLAG_END, id, null);
    }
  }
}

module.exports = { Output, SEGMENT_BYTES_MIN };
