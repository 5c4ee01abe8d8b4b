'use strict';
// Bytes that wait to be written to the link: whole frames, one behind the other in one Buffer.
//
// A tick's responses leave in one write, so nothing is allocated for a response. A WIRE or BODY frame that is
// the last one in the Buffer grows in place when its stream writes on, and a frame that has not left yet can
// still be given its END: a response is one frame as a rule, however many pieces Node writes it in.

const { HEADER_BYTES, BODY_BYTES_MAX, FLAG_END } = require('./protocol.cjs');

const CAPACITY_BYTES = 256 * 1024;
/** After a burst, a Buffer larger than this is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;

class Output {
  constructor() {
    this.buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
    /** Bytes that wait. */
    this.length = 0;
    /** Counts how often the Buffer was emptied: a frame's position is of use within one epoch only. */
    this.epoch = 1;
    /** Position of the last frame if it may still grow, else -1. */
    this.growing = -1;
    /** Called when the first bytes are appended. */
    this.wanted = () => {};
  }

  /**
   * Makes room for `bytes` more.
   * @param {number} bytes
   */
  reserve(bytes) {
    if (this.length === 0) this.wanted();
    if (this.length + bytes > this.buffer.length) this._grow(this.length + bytes);
  }

  /** @param {number} bytes_min */
  _grow(bytes_min) {
    let capacity = this.buffer.length * 2;
    while (capacity < bytes_min) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }

  /** The bytes were written, or copied to be: begin anew. */
  clear() {
    this.length = 0;
    this.epoch++;
    this.growing = -1;
    if (this.buffer.length > KEPT_BYTES_MAX) this.buffer = Buffer.allocUnsafeSlow(CAPACITY_BYTES);
  }

  /**
   * Appends a frame's header; the caller has reserved its bytes and appends the payload.
   * @param {number} type
   * @param {number} flags
   * @param {number} generation
   * @param {number} stream
   * @param {number} payload_bytes
   * @returns {number} the frame's position
   */
  header(type, flags, generation, stream, payload_bytes) {
    const buffer = this.buffer;
    const at = this.length;
    buffer[at] = payload_bytes;
    buffer[at + 1] = payload_bytes >>> 8;
    buffer[at + 2] = payload_bytes >>> 16;
    buffer[at + 3] = payload_bytes >>> 24;
    buffer[at + 4] = type;
    buffer[at + 5] = flags;
    buffer[at + 6] = generation;
    buffer[at + 7] = generation >>> 8;
    buffer[at + 8] = stream;
    buffer[at + 9] = stream >>> 8;
    buffer[at + 10] = stream >>> 16;
    buffer[at + 11] = stream >>> 24;
    this.length = at + HEADER_BYTES;
    this.growing = -1;
    return at;
  }

  /**
   * Appends a whole small frame.
   * @param {number} type
   * @param {number} generation
   * @param {number} stream
   * @param {Uint8Array | null} payload
   * @param {number} [flags]
   */
  frame(type, generation, stream, payload, flags = 0) {
    const bytes = payload === null ? 0 : payload.length;
    this.reserve(HEADER_BYTES + bytes);
    this.header(type, flags, generation, stream, bytes);
    if (payload !== null) this.buffer.set(payload, this.length);
    this.length += bytes;
  }

  /**
   * Appends a frame whose payload is one u32.
   * @param {number} type
   * @param {number} generation
   * @param {number} stream
   * @param {number} value
   */
  frame_u32(type, generation, stream, value) {
    this.reserve(HEADER_BYTES + 4);
    this.header(type, 0, generation, stream, 4);
    this.buffer.writeUInt32LE(value, this.length);
    this.length += 4;
  }

  /**
   * Where the stream's next bytes go: into its last frame if that is the Buffer's last too and has room for
   * them, else into a new one. The bytes are appended at `length` afterwards, then `appended`.
   * @param {number} type WIRE or BODY
   * @param {import('./link.cjs').Stream} stream
   * @param {number} bytes_max at most BODY_BYTES_MAX
   * @returns {number} the frame's position
   */
  open(type, stream, bytes_max) {
    this.reserve(HEADER_BYTES + bytes_max);
    const growing = this.growing;
    if (growing >= 0 && stream.frame_at === growing && stream.frame_epoch === this.epoch) {
      if (this.length - growing - HEADER_BYTES + bytes_max <= BODY_BYTES_MAX) return growing;
    }
    const at = this.header(type, 0, stream.generation, stream.id, 0);
    stream.frame_at = at;
    stream.frame_epoch = this.epoch;
    this.growing = at;
    return at;
  }

  /**
   * `bytes` were put at `length`; they belong to the frame at `at`, the last one.
   * @param {number} at
   * @param {number} bytes
   */
  appended(at, bytes) {
    const buffer = this.buffer;
    this.length += bytes;
    const payload_bytes = this.length - at - HEADER_BYTES;
    buffer[at] = payload_bytes;
    buffer[at + 1] = payload_bytes >>> 8;
    buffer[at + 2] = payload_bytes >>> 16;
  }

  /**
   * Ends the stream's direction: with its last frame if that has not left, else with an empty one.
   * @param {number} type WIRE or BODY
   * @param {import('./link.cjs').Stream} stream
   */
  end(type, stream) {
    if (stream.frame_epoch === this.epoch) {
      this.buffer[stream.frame_at + 5] |= FLAG_END;
      this.growing = -1;
    } else {
      this.frame(type, stream.generation, stream.id, null, FLAG_END);
    }
  }
}

module.exports = { Output };
