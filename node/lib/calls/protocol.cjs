'use strict';
// The numbers of the calls protocol (docs/internals/calls.md, revision 1).

const { Violation } = require('../protocol.cjs');

const NAME = 'DGCALL';
const REVISION = 1;
const PREFACE_BYTES = 16;
const HEADER_BYTES = 12;
/** Calls open in one direction of a socket. */
const CALLS_MAX = 65_536;
/** Ids count to here, and begin anew. */
const NUMBER_MAX = 0x7fff_ffff;
/** Set in the ids of calls that a worker begins. */
const OF_WORKER = 0x8000_0000;

const CALL_FIXED_BYTES = 20;
const RETURN_FIXED_BYTES = 4;
const HEAD_BYTES_MAX = 131_072;
const ABOARD_BYTES_MAX = 32_768;
const DATA_BYTES_MAX = 65_536;
const OFFER_BYTES_MAX = 1_048_576;
const THROW_BYTES_MAX = 262_144;
const CONTEXT_BYTES_MAX = 4096;
const NAME_BYTES_MAX = 128;
const DEPTH_MAX = 64;
/** Of values within values. */
const NESTING_MAX = 128;
/** In the place of an answer's length: it is a stream of items. */
const STREAM = 0xffff_ffff;
/** Of messages that have not come whole, what is granted together. */
const UNFINISHED_BYTES_MAX = 67_108_864;
/** Of one message so much is granted at a time. */
const STEP_BYTES = 4_194_304;
/** What a stream, or an answer, may send without further GRANT where there is plenty. */
const WINDOW_BYTES = 65_536;
/** Of what windows have together. With messages' bytes and the least windows it stays below the 268,435,456 that may be granted. */
const WINDOWS_BYTES_MAX = 33_554_432;
/** What a stream's window is at least. */
const WINDOW_BYTES_MIN = 512;

const FLAG_END = 1;

const TYPE = Object.freeze({
  OFFER: 0x01,
  DRAIN: 0x02,
  CALL: 0x10,
  RETURN: 0x11,
  THROW: 0x12,
  DATA: 0x13,
  GRANT: 0x14,
  STOP: 0x15,
  ABORT: 0x16,
});

/** Bits of a CALL's flags. */
const CALL = Object.freeze({ JSON: 1, ITEMS: 2, IDEMPOTENT: 4, ALL: 7 });

/** Reasons of an ABORT. */
const ABORT = Object.freeze({ GIVEN_UP: 1, DEADLINE: 2, CLIENT_LEFT: 3, WORKER_ENDED: 4 });

/** Most bytes of a payload by type; -1: a type this revision does not have, or that no broker sends. */
const PAYLOAD_MAX_BY_TYPE = new Int32Array(256).fill(-1);
PAYLOAD_MAX_BY_TYPE[TYPE.DRAIN] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.CALL] = HEAD_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.RETURN] = HEAD_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.THROW] = THROW_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.DATA] = DATA_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.GRANT] = 4;
PAYLOAD_MAX_BY_TYPE[TYPE.STOP] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.ABORT] = 1;

/** @param {number} type @returns {string} the type's name, for messages */
function type_name(type) {
  for (const [name, number] of Object.entries(TYPE)) if (number === type) return name;
  return `0x${type.toString(16).padStart(2, '0')}`;
}

module.exports = {
  NAME,
  REVISION,
  PREFACE_BYTES,
  HEADER_BYTES,
  CALLS_MAX,
  NUMBER_MAX,
  OF_WORKER,
  CALL_FIXED_BYTES,
  RETURN_FIXED_BYTES,
  ABOARD_BYTES_MAX,
  DATA_BYTES_MAX,
  OFFER_BYTES_MAX,
  THROW_BYTES_MAX,
  CONTEXT_BYTES_MAX,
  NAME_BYTES_MAX,
  DEPTH_MAX,
  NESTING_MAX,
  STREAM,
  UNFINISHED_BYTES_MAX,
  STEP_BYTES,
  WINDOW_BYTES,
  WINDOWS_BYTES_MAX,
  WINDOW_BYTES_MIN,
  FLAG_END,
  TYPE,
  CALL,
  ABORT,
  PAYLOAD_MAX_BY_TYPE,
  Violation,
  type_name,
};
