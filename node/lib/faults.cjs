'use strict';
// What is wrong with a request that is none, as Node's parser would have said it: the error that 'clientError' gets.
//
// The front has parsed the bytes and names the rule they break; nothing of them is parsed here. The codes are llhttp's, so that an
// application that tells them apart does so here, too. Where llhttp is content and the front is not (a folded line, two hosts), the code
// is that of its nearest kin.

const http = require('node:http');

const METHODS = new Set(http.METHODS);

/** Code and reason by the front's name of the rule. @type {Record<string, [string, string]>} */
const PARSE_ERRORS = {
  __proto__: null,
  TlsOnPlainPort: ['HPE_INVALID_METHOD', 'Invalid method encountered'],
  Http2Preface: ['HPE_INVALID_METHOD', 'Expected HTTP/, not HTTP/2'],
  Http09: ['HPE_INVALID_CONSTANT', 'Expected HTTP/'],
  EmptyLines: ['HPE_INVALID_METHOD', 'Invalid method encountered'],
  MethodInvalid: ['HPE_INVALID_METHOD', 'Invalid method encountered'],
  MethodTooLong: ['HPE_INVALID_METHOD', 'Invalid method encountered'],
  RequestLineTooLong: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  RequestLineSpace: ['HPE_INVALID_METHOD', 'Expected space after method'],
  TargetByte: ['HPE_INVALID_URL', 'Invalid characters in url'],
  TargetFragment: ['HPE_INVALID_URL', 'Unexpected char in url fragment start'],
  TargetForm: ['HPE_INVALID_URL', 'Unexpected start char in url'],
  TargetScheme: ['HPE_INVALID_URL', 'Unexpected char in url schema'],
  PathDotSegment: ['HPE_INVALID_URL', 'Invalid characters in url'],
  PathBackslash: ['HPE_INVALID_URL', 'Invalid characters in url'],
  PathNul: ['HPE_INVALID_URL', 'Invalid characters in url'],
  PathOverlong: ['HPE_INVALID_URL', 'Invalid characters in url'],
  VersionInvalid: ['HPE_INVALID_VERSION', 'Invalid HTTP version'],
  VersionUnsupported: ['HPE_INVALID_VERSION', 'Invalid HTTP version'],
  BareLf: ['HPE_CR_EXPECTED', 'Missing expected CR after header value'],
  BareCr: ['HPE_LF_EXPECTED', 'Missing expected LF after header value'],
  ValueByte: ['HPE_INVALID_HEADER_TOKEN', 'Invalid header value char'],
  NameTooLong: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  HeaderTooLarge: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  TooManyFields: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  TrailerTooLarge: ['HPE_HEADER_OVERFLOW', 'Header overflow'],
  LengthInvalid: ['HPE_INVALID_CONTENT_LENGTH', 'Invalid character in Content-Length'],
  LengthTooLarge: ['HPE_INVALID_CONTENT_LENGTH', 'Content-Length overflow'],
  LengthDuplicate: ['HPE_UNEXPECTED_CONTENT_LENGTH', 'Content-Length already present'],
  LengthWithTransferEncoding: ['HPE_INVALID_TRANSFER_ENCODING', "Transfer-Encoding can't be present with Content-Length"],
  TransferEncodingDuplicate: ['HPE_INVALID_TRANSFER_ENCODING', 'Request has invalid `Transfer-Encoding`'],
  TransferEncodingInvalid: ['HPE_INVALID_TRANSFER_ENCODING', 'Request has invalid `Transfer-Encoding`'],
  TransferEncodingUnsupported: ['HPE_INVALID_TRANSFER_ENCODING', 'Request has invalid `Transfer-Encoding`'],
  TransferEncodingHttp10: ['HPE_INVALID_TRANSFER_ENCODING', 'Request has invalid `Transfer-Encoding`'],
  ChunkSizeInvalid: ['HPE_INVALID_CHUNK_SIZE', 'Invalid character in chunk size'],
  ChunkSizeTooLarge: ['HPE_INVALID_CHUNK_SIZE', 'Chunk size overflow'],
  ChunkExtensionInvalid: ['HPE_STRICT', 'Invalid character in chunk extensions'],
  ChunkExtensionTooLarge: ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'Chunk extensions overflow'],
  ChunkEnd: ['HPE_STRICT', 'Expected LF after chunk data'],
  HeadCut: ['HPE_INVALID_EOF_STATE', 'Invalid EOF state'],
  BodyCut: ['HPE_INVALID_EOF_STATE', 'Invalid EOF state'],
};
const OTHERWISE = ['HPE_INVALID_HEADER_TOKEN', 'Invalid header token'];
/** As many as are looked at for a method. */
const METHOD_BYTES_MAX = 64;
const TIMED_OUT = new Set(['HeadTimedOut', 'BodyTimedOut']);

/** How many of its first bytes may begin the name of a method: there llhttp would have stopped. @param {string} text */
function begins_method(text) {
  let length = 0;
  for (const method of METHODS) {
    let same = 0;
    while (same < text.length && text[same] === method[same]) same++;
    length = Math.max(length, same);
  }
  return length;
}

/**
 * The error for 'clientError'.
 * @param {string} rule the front's name for what is wrong
 * @param {Buffer} bytes what came
 * @param {boolean} of_head it came in the place of a head
 * @returns {Error & { code: string }}
 */
function fault_error(rule, bytes, of_head) {
  if (TIMED_OUT.has(rule)) return Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  let [code, reason] = PARSE_ERRORS[rule] ?? OTHERWISE;
  let parsed_bytes = bytes.length;
  if (of_head && bytes.length > 0 && rule !== 'HeadCut') {
    // A method that is none comes first, whatever the front has stumbled over behind it.
    const [method] = bytes.toString('latin1', 0, METHOD_BYTES_MAX).split(' ', 1);
    if (!METHODS.has(method)) {
      [code, reason] = PARSE_ERRORS.MethodInvalid;
      parsed_bytes = Math.max(1, begins_method(method));
    }
  }
  const error = new Error(`Parse Error: ${reason}`);
  return Object.assign(error, { code, reason, bytesParsed: parsed_bytes, rawPacket: bytes });
}

module.exports = { fault_error };
