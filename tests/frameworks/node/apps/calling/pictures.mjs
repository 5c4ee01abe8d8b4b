// What the handlers give to the model, and tell of what it answers.

import { NDArray } from 'diglot';

/** @param {string | number} rows @param {string | number} columns */
export function picture(rows, columns) {
  return new NDArray([Number(rows), Number(columns)], Float32Array.from({ length: rows * columns }, (_, at) => at + 0.5));
}

/** @param {NDArray} array */
export const told = ({ shape, dtype, data }) => ({ shape, dtype, data: [...data] });
