'use strict';
// The formats of text that the values' table has: what each must look like, and `Date`. Others say something to people only.

const { kind_text, quoted } = require('./issues.cjs');

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?$/;
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const DURATION = /^[+-]?P(?=[\dT])(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/;
const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^[+-]?(Infinity|s?NaN\d*)$/;
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** @param {RegExpExecArray | null} match of year, month and day @returns {boolean} */
function is_day(match) {
  if (match === null) return false;
  const [, year, month, day] = match.map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

/** @type {Record<string, { is: (value: string) => boolean, text: string }>} */
const CHECKED = {
  __proto__: null,
  'date-time': { is: (value) => is_day(INSTANT.exec(value)), text: 'a point in time as RFC 3339 has it, 2026-11-20T10:30:00Z' },
  date: { is: (value) => is_day(DAY.exec(value)), text: 'a day, 2026-11-20' },
  time: { is: (value) => TIME.test(value), text: 'a time of day, 10:30:00' },
  duration: { is: (value) => DURATION.test(value), text: 'a duration as ISO 8601 has it, P1DT2.5S' },
  decimal: { is: (value) => DECIMAL.test(value), text: 'a decimal number' },
  uuid: { is: (value) => UUID.test(value), text: 'a UUID' },
};

/**
 * A point in time: a `Date`, or its text, which becomes one.
 *
 * @param {any} _schema
 * @param {import('./modes.cjs').Mode} mode
 * @returns {NonNullable<import('./build.cjs').Check>}
 */
function date_check(_schema, mode) {
  const { is, text } = CHECKED['date-time'];
  const as_text = mode.json && !mode.incoming;
  return (given, issues) => {
    let value = given;
    if (typeof value === 'string') {
      if (!is(value)) {
        issues.add(`${quoted(value)} is not ${text}`);
        return given;
      }
      // As it came, with its offset, where it goes on as text.
      if (as_text) return value;
      value = new Date(value);
    }
    if (!(value instanceof Date)) issues.add(`expected a point in time, not ${kind_text(value)}`);
    else if (Number.isNaN(value.getTime())) issues.add('is no valid Date');
    else return as_text ? value.toISOString() : value;
    return given;
  };
}

module.exports = { CHECKED, date_check };
