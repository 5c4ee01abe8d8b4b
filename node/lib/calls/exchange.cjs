'use strict';
// One call as the socket knows it: what may be sent of it, what is to come, and who it is for.

const { WINDOW_BYTES_MIN } = require('./protocol.cjs');

/** What comes next from the other end. REST: what nobody reads. */
const EXPECTS = Object.freeze({ RETURN: 0, MESSAGE: 1, END: 2, ITEMS: 3, REST: 4, NOTHING: 5 });

/**
 * Whom a call is for. All are called while frames are read; `buffer` is used again afterwards unless it is `owned`.
 * @typedef {object} Owner
 * @property {(buffer: Buffer, at: number, end: number, owned: boolean) => void} message the arguments, or the answer, whole
 * @property {() => void} [streams] the answer is a stream
 * @property {(buffer: Buffer, at: number, end: number, owned: boolean, cost: number, room: import('./credit.cjs').Asked | null) => void} item
 * @property {() => void} ended no item follows
 * @property {(problem: string) => void} broken what came as items is none; no item follows
 * @property {(thrown: import('./errors.cjs').Thrown) => void} [thrown] the callee's error
 * @property {() => void} [stopped] the callee wants no more items
 * @property {(reason: number) => void} [aborted] the caller waits no more
 * @property {(problem: string) => void} stalled the message does not go on coming: the call has to end
 * @property {() => void} credit more may be sent, after `wait`
 */

class Exchange {
  /**
   * @param {number} id
   * @param {boolean} is_ours this end has begun it
   * @param {string | Buffer} peer the name of the service at the other end; empty: it is none
   * @param {Owner | null} owner
   */
  constructor(id, is_ours, peer, owner) {
    this.id = id;
    this.is_ours = is_ours;
    this.peer = peer;
    /** Null: nobody wants to hear of it any more. @type {Owner | null} */
    this.owner = owner;
    this.over = false;

    /** Bytes of DATA that may be sent. */
    this.send_credit = 0;
    /** END was not sent. */
    this.send_open = true;
    /** What waits to be sent as DATA. @type {Uint8Array[] | null} */
    this.queue = null;
    this.queue_at = 0;
    /** END follows what waits. */
    this.ends = false;
    /** It is among those with something to send. */
    this.is_ready = false;
    /** Its owner waits until what is queued has been sent, and more may be. */
    this.waits = false;
    /** Its answer has begun. */
    this.is_answered = false;
    /** ABORT has come: nothing is granted to it any more. */
    this.is_aborted = false;

    this.expects = is_ours ? EXPECTS.RETURN : EXPECTS.MESSAGE;
    this.has_items = false;
    /** Of the message, or of an item in a Buffer of its own: the bytes, and how many are there. @type {Buffer | null} */
    this.buffer = null;
    this.filled = 0;
    this.total = 0;
    /** The bytes of an item's length that have come, and what they say. */
    this.head_bytes = 0;
    this.head = 0;
    /** Bytes of DATA that may come. */
    this.granted = 0;
    /** To be granted as what was granted comes in. */
    this.to_grant = 0;
    /** Room for what comes now, a message or a long item. @type {import('./credit.cjs').Asked | null} */
    this.asked = null;
    /** That, and room of items that wait for their reader. @type {Set<import('./credit.cjs').Asked> | null} */
    this.rooms = null;
    /** Of a stream: what may be under way. */
    this.window = 0;
    /** Of a stream: bytes that were consumed and not granted again. */
    this.consumed = 0;
  }

  get peer_name() {
    return String(this.peer);
  }

  /** An item longer than this is granted like a message: up to half a window may be consumed and not granted again. */
  get long_item_bytes() {
    return Math.max(this.window, WINDOW_BYTES_MIN) >> 1;
  }
}

module.exports = { Exchange, EXPECTS };
