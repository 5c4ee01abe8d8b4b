'use strict';
// The four ways a value goes.

/**
 * @typedef {object} Mode
 * @property {boolean} incoming towards the function, else from it
 * @property {boolean} json the other side is JSON, else CBOR's data model
 */

/** @type {Mode} */
const DECODE = { incoming: true, json: false };
/** @type {Mode} */
const ENCODE = { incoming: false, json: false };
/** @type {Mode} */
const FROM_JSON = { incoming: true, json: true };
/** @type {Mode} */
const TO_JSON = { incoming: false, json: true };

module.exports = { DECODE, ENCODE, FROM_JSON, TO_JSON };
