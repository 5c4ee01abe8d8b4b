'use strict';
// The payloads the front sends: REQUEST and OPEN, read in place.
//
// A request's text is made one string, once; method, target, names and values are cut from it by the lengths
// in the table. The front has validated the text (RFC 9110, 9112); the lengths are checked here.

const { isAscii, isUtf8 } = require('node:buffer');
const { NAMES, METHODS } = require('./names.cjs');
const {
  REQUEST,
  REQUEST_FIXED_BYTES,
  FAULT_FIXED_BYTES,
  RULE_BYTES_MAX,
  FIELDS_MAX,
  TEXT_BYTES_MAX,
  ABOARD_BYTES_MAX,
} = require('./protocol.cjs');

/**
 * Whether TUNNEL can answer the request: it offers an upgrade that the front does not serve itself, or its method is CONNECT.
 * @param {number} flags
 * @param {string} method
 */
function may_tunnel(flags, method) {
  return (flags & (REQUEST.UPGRADE | REQUEST.WEBSOCKET)) === REQUEST.UPGRADE || method === 'CONNECT';
}

/** A request's head. One object, filled anew for each request: its reader takes what it needs at once. */
class RequestHead {
  constructor() {
    this.connection = 0;
    this.method = '';
    /** 10, 11 or 20. */
    this.version = 11;
    /** `REQUEST` bits. */
    this.flags = 0;
    this.target = '';
    /** Where the path begins in the target. */
    this.path_start = 0;
    this.path_length = 0;
    /** How much of the path is the prefix the service is mounted at. */
    this.mount_length = 0;
    /** Name, value, name, value … as `rawHeaders` has them; a fresh array each time. @type {string[]} */
    this.fields = [];
    /** The ids of the names, in the same order. */
    this.ids = new Uint8Array(FIELDS_MAX);
    /** Bytes of target, names and values: what Node counts against `maxHeaderSize`. */
    this.text_bytes = 0;
    /** Where the body aboard begins, or what came behind the head (`REQUEST.AHEAD`). */
    this.body_at = 0;
  }

  /**
   * Reads a REQUEST payload.
   * @param {Buffer} buffer
   * @param {number} at where the payload begins
   * @param {number} end where it ends
   * @returns {boolean} false if it is malformed
   */
  read(buffer, at, end) {
    if (end - at < REQUEST_FIXED_BYTES) return false;
    const count = buffer[at + 6] | (buffer[at + 7] << 8);
    const target_bytes = buffer[at + 8] | (buffer[at + 9] << 8);
    const path_start = buffer[at + 10] | (buffer[at + 11] << 8);
    const path_length = buffer[at + 12] | (buffer[at + 13] << 8);
    const mount_length = buffer[at + 14] | (buffer[at + 15] << 8);
    const method_id = buffer[at + 4];
    const method_bytes = buffer[at + 16];
    const version = buffer[at + 5];
    const flags = buffer[at + 17];
    const text_bytes = (buffer[at + 20] | (buffer[at + 21] << 8) | (buffer[at + 22] << 16)) + buffer[at + 23] * 0x1000000;
    const table_at = at + REQUEST_FIXED_BYTES;
    const text_at = table_at + 4 * count;
    const body_at = text_at + text_bytes;
    if (
      count > FIELDS_MAX ||
      text_bytes > TEXT_BYTES_MAX ||
      body_at > end ||
      end - body_at > ABOARD_BYTES_MAX ||
      flags > REQUEST.ALL ||
      (buffer[at + 18] | buffer[at + 19]) !== 0 ||
      (version !== 11 && version !== 10 && version !== 20) ||
      (method_id === 0) === (method_bytes === 0) ||
      method_id >= METHODS.length ||
      path_start + path_length > target_bytes ||
      mount_length > path_length ||
      method_bytes + target_bytes > text_bytes
    ) {
      return false;
    }
    const text = buffer.latin1Slice(text_at, body_at);
    let from = method_bytes + target_bytes;
    const fields = new Array(2 * count);
    const ids = this.ids;
    for (let index = 0, entry = table_at; index < count; index++, entry += 4) {
      const id = buffer[entry];
      const name_bytes = buffer[entry + 1];
      const value_bytes = buffer[entry + 2] | (buffer[entry + 3] << 8);
      const value_at = from + name_bytes;
      const next = value_at + value_bytes;
      if (name_bytes === 0 || id >= NAMES.length || next > text_bytes) return false;
      fields[2 * index] = text.slice(from, value_at);
      fields[2 * index + 1] = text.slice(value_at, next);
      ids[index] = id;
      from = next;
    }
    if (from !== text_bytes) return false;
    this.connection = (buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16)) + buffer[at + 3] * 0x1000000;
    this.method = method_id === 0 ? text.slice(0, method_bytes) : METHODS[method_id];
    if ((flags & REQUEST.AHEAD) !== 0 && ((flags & REQUEST.BODY) !== 0 || !may_tunnel(flags, this.method))) return false;
    this.version = version;
    this.flags = flags;
    this.target = text.slice(method_bytes, method_bytes + target_bytes);
    this.path_start = path_start;
    this.path_length = path_length;
    this.mount_length = mount_length;
    this.fields = fields;
    this.text_bytes = text_bytes - method_bytes;
    this.body_at = body_at;
    return true;
  }
}

/**
 * Reads a FAULT payload.
 * @param {Buffer} buffer
 * @param {number} at
 * @param {number} end
 * @returns {{ connection: number, rule: string, bytes: Buffer } | null} null if it is malformed; the bytes are a copy
 */
function read_fault(buffer, at, end) {
  if (end - at < FAULT_FIXED_BYTES) return null;
  const rule_bytes = buffer[at + 4];
  const rule_at = at + FAULT_FIXED_BYTES;
  const bytes_at = rule_at + rule_bytes;
  const reserved = buffer[at + 5] | buffer[at + 6] | buffer[at + 7];
  if (reserved !== 0 || rule_bytes === 0 || rule_bytes > RULE_BYTES_MAX || bytes_at > end) return null;
  if (end - bytes_at > ABOARD_BYTES_MAX || !isAscii(buffer.subarray(rule_at, bytes_at))) return null;
  return {
    connection: buffer.readUInt32LE(at),
    rule: buffer.latin1Slice(rule_at, bytes_at),
    bytes: Buffer.from(buffer.subarray(bytes_at, end)),
  };
}

/**
 * The two ends of a client connection. On a Unix socket both ports are 0, `peer` is empty and `local` the path.
 * @typedef {object} Ends
 * @property {number} connection its id
 * @property {boolean} gone the front has said that it is closed
 * @property {boolean} tls
 * @property {string} peer
 * @property {number} peer_port
 * @property {string} local
 * @property {number} local_port
 */

/**
 * Reads an OPEN payload.
 * @param {number} connection
 * @param {Buffer} buffer
 * @param {number} at
 * @param {number} end
 * @returns {Ends | null} null if it is malformed
 */
function read_open(connection, buffer, at, end) {
  if (end - at < 8) return null;
  const flags = buffer[at];
  const peer_bytes = buffer[at + 6];
  const local_bytes = buffer[at + 7];
  if (flags > 1 || buffer[at + 1] !== 0 || end - at !== 8 + peer_bytes + local_bytes) return null;
  if (!isUtf8(buffer.subarray(at + 8, end))) return null;
  const local_at = at + 8 + peer_bytes;
  return {
    connection,
    gone: false,
    tls: flags === 1,
    peer: buffer.utf8Slice(at + 8, local_at),
    peer_port: buffer.readUInt16LE(at + 2),
    local: buffer.utf8Slice(local_at, end),
    local_port: buffer.readUInt16LE(at + 4),
  };
}

/**
 * Splits field lines (`name: value\r\n` each) as TRAILERS carry them.
 * @param {string} lines
 * @returns {string[] | null} name, value, name, value …; null if they are malformed
 */
function split_lines(lines) {
  const fields = [];
  let at = 0;
  while (at < lines.length) {
    const end = lines.indexOf('\r\n', at);
    const colon = lines.indexOf(':', at);
    if (end < 0 || colon <= at || colon > end) return null;
    fields.push(lines.slice(at, colon), lines.slice(colon + 1, end).trim());
    at = end + 2;
  }
  return fields;
}

module.exports = { RequestHead, may_tunnel, read_fault, read_open, split_lines };
