'use strict';
// What comes in of a call: a message from the pieces of its frames, and items, wherever frames split them.

const { ABOARD_BYTES_MAX, RETURN_FIXED_BYTES, STEP_BYTES, STREAM } = require('./protocol.cjs');
const { EXPECTS } = require('./exchange.cjs');
const { read_thrown } = require('./errors.cjs');

/** @typedef {import('./connection.cjs').Connection} Connection */
/** @typedef {import('./exchange.cjs').Exchange} Exchange */

const NO_BYTES = Buffer.alloc(0);

/** A RETURN frame. @param {Connection} connection @param {Exchange} exchange */
function returned(connection, exchange, buffer, at, end, last) {
  if (exchange.expects !== EXPECTS.RETURN) return connection.violated('a second RETURN frame for a call');
  const aboard = end - at - RETURN_FIXED_BYTES;
  if (aboard < 0 || aboard > ABOARD_BYTES_MAX) return connection.violated('a malformed RETURN frame');
  const total = buffer.readUInt32LE(at);
  const from = at + RETURN_FIXED_BYTES;
  if (total !== STREAM) {
    if (total > connection.message_bytes_max) {
      return connection.violated(`a RETURN frame that announces ${total} bytes, above the maximum of ${connection.message_bytes_max}`);
    }
    if (aboard > total || (last && aboard !== total)) return connection.violated('a malformed RETURN frame');
    return message(connection, exchange, total, buffer, from, end, last);
  }
  exchange.expects = EXPECTS.ITEMS;
  exchange.owner?.streams();
  items(connection, exchange, buffer, from, end);
  if (last) ended(connection, exchange);
}

/** The start of a message of `total` bytes. @param {Connection} connection @param {Exchange} exchange */
function message(connection, exchange, total, buffer, at, end, last) {
  const aboard = end - at;
  exchange.expects = EXPECTS.MESSAGE;
  exchange.total = total;
  exchange.filled = aboard;
  if (aboard === total && (last || exchange.has_items)) return whole(connection, exchange, buffer, at, end, false, last);
  if (exchange.owner === null) return skip_to(exchange);
  // Until more is granted, no more can come.
  exchange.buffer = Buffer.allocUnsafeSlow(Math.min(total, aboard + exchange.granted));
  buffer.copy(exchange.buffer, 0, at, end);
  if (aboard === total) exchange.expects = EXPECTS.END;
  const missing = total - aboard - exchange.granted;
  if (missing > 0) connection.messages_of(exchange).ask(exchange, missing);
}

/** Nobody wants it: its bytes are only counted. */
function skip_to(exchange) {
  exchange.buffer = NO_BYTES;
  if (exchange.filled === exchange.total) exchange.expects = EXPECTS.END;
}

/** What was asked for may come. @param {Connection} connection @param {Exchange} exchange */
function admitted(connection, exchange) {
  make_room(exchange);
  connection.grant_more(exchange);
}

/** For all of a message, or of an item. @param {Exchange} exchange */
function make_room(exchange) {
  const { buffer, total, filled } = exchange;
  if (buffer.length === total) return;
  exchange.buffer = Buffer.allocUnsafeSlow(total);
  buffer.copy(exchange.buffer, 0, 0, filled);
}

/** Bytes of a DATA frame. @param {Connection} connection @param {Exchange} exchange */
function data(connection, exchange, buffer, at, end, last) {
  const bytes = end - at;
  if (bytes > exchange.granted) return connection.violated('more DATA than was granted');
  exchange.granted -= bytes;
  if (exchange.to_grant > 0 && exchange.granted < STEP_BYTES >> 1) connection.grant_more(exchange);
  switch (exchange.expects) {
    case EXPECTS.MESSAGE: {
      const taken = Math.min(bytes, exchange.total - exchange.filled);
      if (exchange.owner !== null && exchange.buffer !== NO_BYTES) buffer.copy(exchange.buffer, exchange.filled, at, at + taken);
      exchange.filled += taken;
      if (exchange.filled < exchange.total) {
        if (last) connection.violated('a message that is shorter than was announced');
        return;
      }
      const rest = at + taken;
      if (!exchange.has_items) {
        if (rest < end) return connection.violated('a message that is longer than was announced');
        exchange.expects = EXPECTS.END;
        if (last) ended(connection, exchange);
        return;
      }
      const { buffer: own } = exchange;
      whole(connection, exchange, own, 0, exchange.total, true, false);
      if (exchange.over) return;
      items(connection, exchange, buffer, rest, end);
      break;
    }
    case EXPECTS.ITEMS:
      items(connection, exchange, buffer, at, end);
      break;
    case EXPECTS.REST:
      break;
    case EXPECTS.END:
      if (bytes > 0) return connection.violated('a message that is longer than was announced');
      break;
    default:
      return connection.violated('a DATA frame that nothing announced');
  }
  if (last) ended(connection, exchange);
}

/** A message is there. @param {Connection} connection @param {Exchange} exchange */
function whole(connection, exchange, buffer, at, end, owned, last) {
  const { owner } = exchange;
  exchange.buffer = null;
  exchange.filled = 0;
  exchange.expects = exchange.has_items ? EXPECTS.ITEMS : EXPECTS.NOTHING;
  if (exchange.asked !== null) connection.messages_of(exchange).came(exchange)?.release();
  if (exchange.has_items) {
    exchange.window = connection.windows.take();
    if (!last) connection.grant(exchange, exchange.window);
  }
  // An answer ends the call.
  if (exchange.is_ours) connection.end(exchange);
  owner?.message(buffer, at, end, owned);
  if (last && exchange.has_items) ended(connection, exchange);
}

/** END has come. @param {Connection} connection @param {Exchange} exchange */
function ended(connection, exchange) {
  if (exchange.over) return;
  const { owner, expects } = exchange;
  if (expects === EXPECTS.END) return whole(connection, exchange, exchange.buffer, 0, exchange.total, true, true);
  const is_cut_off = expects === EXPECTS.ITEMS && (exchange.buffer !== null || exchange.head_bytes > 0);
  if (is_cut_off) drop_item(exchange);
  exchange.expects = EXPECTS.NOTHING;
  if (exchange.is_ours) connection.end(exchange);
  if (is_cut_off) owner?.broken('the stream ends within an item');
  else owner?.ended();
}

/** Of an item that has begun nothing is kept. @param {Exchange} exchange */
function drop_item(exchange) {
  exchange.buffer = null;
  exchange.asked?.release();
  exchange.asked = null;
}

/** Nothing more comes of a message, or of an item. @param {Exchange} exchange @param {string} problem */
function stalled(exchange, problem) {
  const { owner, expects } = exchange;
  if (expects !== EXPECTS.ITEMS) return owner?.stalled(problem);
  owner?.broken(problem);
  drop_item(exchange);
  exchange.to_grant = 0;
  exchange.expects = EXPECTS.REST;
}

/** Bytes of items. @param {Connection} connection @param {Exchange} exchange */
function items(connection, exchange, buffer, from, end) {
  let at = from;
  // Who reads them may leave with any of them, and nobody asks what the rest is.
  while (at < end && exchange.owner !== null) {
    if (exchange.buffer !== null) {
      const taken = Math.min(exchange.total - exchange.filled, end - at);
      if (exchange.filled + taken > exchange.buffer.length) make_room(exchange);
      buffer.copy(exchange.buffer, exchange.filled, at, at + taken);
      exchange.filled += taken;
      at += taken;
      if (exchange.filled === exchange.total) whole_item(connection, exchange);
      continue;
    }
    let length = 0;
    if (exchange.head_bytes === 0 && end - at >= 4) {
      length = buffer.readUInt32LE(at);
      at += 4;
    } else {
      exchange.head += buffer[at++] * 2 ** (8 * exchange.head_bytes++);
      if (exchange.head_bytes < 4) continue;
      length = exchange.head;
      exchange.head_bytes = 0;
      exchange.head = 0;
    }
    if (length > connection.message_bytes_max) {
      // Where the next begins is not known either.
      exchange.owner?.broken(`an item of ${length} bytes is announced, above the maximum of ${connection.message_bytes_max}`);
      exchange.expects = EXPECTS.REST;
      return;
    }
    if (end - at >= length) {
      exchange.owner.item(buffer, at, at + length, false, 4 + length, null);
      at += length;
    } else {
      exchange.total = length;
      exchange.filled = 0;
      // What is longer than the window would never come: it waits for room.
      const is_long = length > exchange.long_item_bytes;
      exchange.buffer = Buffer.allocUnsafeSlow(is_long ? Math.min(length, exchange.window + ABOARD_BYTES_MAX) : length);
      if (is_long) connection.messages_of(exchange).ask(exchange, length);
    }
  }
}

/** @param {Connection} connection @param {Exchange} exchange */
function whole_item(connection, exchange) {
  const { buffer, total } = exchange;
  const room = exchange.asked === null ? null : connection.messages_of(exchange).came(exchange);
  exchange.buffer = null;
  exchange.owner?.item(buffer, 0, total, true, room === null ? 4 + total : 4, room);
}

/** A THROW frame. @param {Connection} connection @param {Exchange} exchange */
function thrown(connection, exchange, buffer, at, end) {
  const { owner } = exchange;
  connection.end(exchange);
  owner?.thrown(read_thrown(buffer.utf8Slice(at, end)));
}

module.exports = { returned, message, admitted, stalled, data, thrown };
