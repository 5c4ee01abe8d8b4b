'use strict';
// The numbers of the link protocol (docs/internals/link.md, revision 1) and what a broken rule is.

const REVISION = 1;
const PREFACE_BYTES = 16;
const HEADER_BYTES = 12;
const STREAMS_MAX = 65_536;
const SESSION_BYTES_MAX = 256;

const TEXT_BYTES_MAX = 96 * 1024;
const FIELDS_MAX = 1024;
const ABOARD_BYTES_MAX = 32 * 1024;
const BODY_BYTES_MAX = 64 * 1024;
const MESSAGE_BYTES_MAX = 64 * 1024;
const PAYLOAD_BYTES_MAX = 160 * 1024;
const STREAM_WINDOW_BYTES = 128 * 1024;
/** As much as 32,767 streams that stand still hold. */
const LINK_WINDOW_BYTES = 32_767 * STREAM_WINDOW_BYTES;
/** The link's credit goes back by so much at a time: small, so that what standing streams leave of it goes round. */
const LINK_QUANTUM_BYTES = 256 * 1024;

const REQUEST_FIXED_BYTES = 24;
const RESPONSE_FIXED_BYTES = 8;
const FAULT_FIXED_BYTES = 8;
const RULE_BYTES_MAX = 64;

const FLAG_END = 1;

const TYPE = Object.freeze({
  REQUEST: 0x01,
  RESPONSE: 0x02,
  WIRE: 0x03,
  INFORM: 0x04,
  BODY: 0x05,
  TRAILERS: 0x06,
  CREDIT: 0x07,
  STOP: 0x08,
  CANCEL: 0x09,
  FAULT: 0x0a,
  OPEN: 0x10,
  CLOSED: 0x11,
  HANGUP: 0x12,
  LIMITS: 0x13,
  CLOSEIDLE: 0x14,
  READY: 0x20,
  FAILED: 0x21,
  DRAIN: 0x22,
  PING: 0x23,
  PONG: 0x24,
  PAUSE: 0x25,
  CLAIM: 0x28,
  RELEASE: 0x29,
  FAREWELL: 0x2a,
  EARLY: 0x2b,
  TUNNEL: 0x34,
});

/** Bits of a REQUEST's flags. */
const REQUEST = Object.freeze({
  KEEP_ALIVE: 0x01,
  EXPECT_CONTINUE: 0x02,
  UPGRADE: 0x04,
  BODY: 0x08,
  UNSIZED: 0x10,
  WEBSOCKET: 0x20,
  /** What is aboard is no body: it came behind the head, and is the tunnel's if the request becomes one. */
  AHEAD: 0x40,
  ALL: 0x7f,
});

/** Reasons of a CANCEL. */
const REASON = Object.freeze({
  CLIENT_GONE: 1,
  TIMED_OUT: 2,
  SHUTTING_DOWN: 3,
  APP_FAILED: 4,
  REFUSED: 5,
  ACKNOWLEDGED: 6,
  RESET: 7,
  CLIENT_ENDED: 8,
});

/** Interfaces a READY may name. */
const INTERFACE = Object.freeze({ HTTP: 3, FETCH: 4, FUNCTIONS: 5 });

/** Most bytes of a payload by type; -1: a type this revision does not have. */
const PAYLOAD_MAX_BY_TYPE = new Int32Array(256).fill(-1);
PAYLOAD_MAX_BY_TYPE[TYPE.REQUEST] = PAYLOAD_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.RESPONSE] = PAYLOAD_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.WIRE] = BODY_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.BODY] = BODY_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.INFORM] = TEXT_BYTES_MAX + 8;
PAYLOAD_MAX_BY_TYPE[TYPE.TRAILERS] = TEXT_BYTES_MAX + 8;
PAYLOAD_MAX_BY_TYPE[TYPE.CREDIT] = 4;
PAYLOAD_MAX_BY_TYPE[TYPE.STOP] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.CANCEL] = 1;
PAYLOAD_MAX_BY_TYPE[TYPE.FAULT] = FAULT_FIXED_BYTES + RULE_BYTES_MAX + ABOARD_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.OPEN] = 512;
PAYLOAD_MAX_BY_TYPE[TYPE.CLOSED] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.READY] = MESSAGE_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.FAILED] = MESSAGE_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.DRAIN] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.PING] = 8;
PAYLOAD_MAX_BY_TYPE[TYPE.PONG] = 8;
PAYLOAD_MAX_BY_TYPE[TYPE.PAUSE] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.CLAIM] = SESSION_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.RELEASE] = SESSION_BYTES_MAX;
PAYLOAD_MAX_BY_TYPE[TYPE.FAREWELL] = 0;
PAYLOAD_MAX_BY_TYPE[TYPE.TUNNEL] = 0;

/** What a type's flags must be: 0 none, 1 END or none, 2 END. */
const FLAGS_BY_TYPE = new Uint8Array(256);
FLAGS_BY_TYPE[TYPE.REQUEST] = 1;
FLAGS_BY_TYPE[TYPE.RESPONSE] = 1;
FLAGS_BY_TYPE[TYPE.WIRE] = 1;
FLAGS_BY_TYPE[TYPE.BODY] = 1;
FLAGS_BY_TYPE[TYPE.TRAILERS] = 2;

/** What a type's address must be: 0 any, 1 the link's (stream and generation 0), 2 a connection's (generation 0). */
const ADDRESS_BY_TYPE = new Uint8Array(256);
for (const type of [TYPE.READY, TYPE.FAILED, TYPE.DRAIN, TYPE.PING, TYPE.PONG, TYPE.PAUSE, TYPE.CLAIM, TYPE.RELEASE, TYPE.FAREWELL]) ADDRESS_BY_TYPE[type] = 1;
for (const type of [TYPE.OPEN, TYPE.CLOSED]) ADDRESS_BY_TYPE[type] = 2;

/** The front did what no conforming front does. The worker ends; nothing is repaired. */
class Violation extends Error {
  /** @param {string} message what was wrong, without a full stop */
  constructor(message) {
    super(message);
    this.name = 'Violation';
  }
}

/** @param {number} type @returns {string} the type's name, for messages */
function typeName(type) {
  for (const [name, number] of Object.entries(TYPE)) if (number === type) return name;
  return `0x${type.toString(16).padStart(2, '0')}`;
}

module.exports = {
  REVISION,
  PREFACE_BYTES,
  HEADER_BYTES,
  STREAMS_MAX,
  SESSION_BYTES_MAX,
  TEXT_BYTES_MAX,
  FIELDS_MAX,
  ABOARD_BYTES_MAX,
  BODY_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  STREAM_WINDOW_BYTES,
  LINK_WINDOW_BYTES,
  LINK_QUANTUM_BYTES,
  REQUEST_FIXED_BYTES,
  RESPONSE_FIXED_BYTES,
  FAULT_FIXED_BYTES,
  RULE_BYTES_MAX,
  FLAG_END,
  TYPE,
  REQUEST,
  REASON,
  INTERFACE,
  PAYLOAD_MAX_BY_TYPE,
  FLAGS_BY_TYPE,
  ADDRESS_BY_TYPE,
  Violation,
  typeName,
};
