'use strict';
// Which header fields of a Response can be sent.
//
// undici accepts more than HTTP allows: control characters in a value, a Content-Length of letters. The front would answer
// such a Response with 502 and could only say which rule it broke. Refused here it is the application's 500, and the log names
// the request and the header.
// The rules are those of crates/diglot-front/src/h1/worker_fields.rs.

const { FIELDS_MAX, TEXT_BYTES_MAX } = require('../protocol.cjs');

const NAME_BYTES_MAX = 255;
const LENGTH_DIGITS_MAX = 19;
const CONNECTION_OPTIONS_MAX = 32;
/** The application's own: Content-Type and Content-Length may be added to them. */
const OWN_FIELDS_MAX = FIELDS_MAX - 2;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const ABOVE_LATIN1 = /[^\t\x20-\xff]/;
const LENGTH = /^\d{1,19}$/;

/** A Response the application made and HTTP has no place for. */
class UnsendableResponse extends TypeError {}

/**
 * Why a field cannot be sent.
 * @param {string} name lowercase
 * @param {string} value
 * @returns {string | null} the end of a sentence; null if it can be sent
 */
function fault_of(name, value) {
  if (name.length > NAME_BYTES_MAX) return `its name is longer than ${NAME_BYTES_MAX} bytes`;
  if (!TOKEN.test(name)) return 'its name is not a token (RFC 9110 section 5.1)';
  const control = CONTROL.exec(value);
  if (control !== null) {
    const code = control[0].charCodeAt(0).toString(16).padStart(2, '0');
    return `its value holds the control character 0x${code} (RFC 9110 section 5.5)`;
  }
  if (ABOVE_LATIN1.test(value)) return 'its value holds a character above U+00FF';
  return framing_fault_of(name, value);
}

/** As `fault_of`, for a name and a value known to hold no wrong character. */
function framing_fault_of(name, value) {
  switch (name) {
    case 'content-length':
      return LENGTH.test(value) ? null : `its value is not one row of at most ${LENGTH_DIGITS_MAX} digits`;
    case 'transfer-encoding':
      return value.toLowerCase() === 'chunked' ? null : 'it names more than the one coding this server writes, "chunked"';
    case 'connection':
      return value.split(',').length <= CONNECTION_OPTIONS_MAX ? null : `it names more than ${CONNECTION_OPTIONS_MAX} options`;
    default:
      return null;
  }
}

/**
 * The fields as lines.
 * @param {Iterable<[string, string]>} fields lowercase names
 * @returns {string} `name: value\r\n` each
 * @throws {UnsendableResponse} one of them, or all together, cannot be sent
 */
function lines_of_fields(fields) {
  let lines = '';
  let count = 0;
  for (const [name, value] of fields) {
    const fault = fault_of(name, value);
    if (fault !== null) throw new UnsendableResponse(`the header ${JSON.stringify(shown(name))} of the Response cannot be sent: ${fault}`);
    lines += `${name}: ${value}\r\n`;
    count++;
  }
  if (count > OWN_FIELDS_MAX) throw new UnsendableResponse(`the Response has ${count} header fields, above the maximum of ${OWN_FIELDS_MAX}`);
  return lines;
}

/** Refuses lines that no frame can carry. @param {string} lines @returns {string} the same */
function check_size(lines) {
  if (lines.length > TEXT_BYTES_MAX) {
    throw new UnsendableResponse(`the header section of the Response has ${lines.length} bytes, above the maximum of ${TEXT_BYTES_MAX}`);
  }
  return lines;
}

/** A name as the log can show it. */
function shown(name) {
  return name.length > NAME_BYTES_MAX ? `${name.slice(0, 40)}…` : name;
}

module.exports = { UnsendableResponse, fault_of, framing_fault_of, lines_of_fields, check_size, TOKEN, NAME_BYTES_MAX, OWN_FIELDS_MAX };
