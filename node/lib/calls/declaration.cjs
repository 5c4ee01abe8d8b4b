'use strict';
// What is wrong with how a function is offered.
//
// The text says where in the program that is. Neither the stack nor Node's own report of the error would say more: they show what noticed it.

/** @type {WeakSet<object>} */
const of_declarations = new WeakSet();

/** @param {string} text with the place @returns {TypeError} */
function declaration_error(text) {
  const error = new TypeError(text);
  error.stack = `TypeError: ${text}`;
  of_declarations.add(error);
  return error;
}

/** @param {any} error whatever was thrown */
function is_of_declaration(error) {
  return of_declarations.has(error);
}

module.exports = { declaration_error, is_of_declaration };
