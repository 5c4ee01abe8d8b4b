'use strict';
// A process that answers one question. Both are JSON, on stdin and stdout; why there is no answer is said on stderr.

const fs = require('node:fs');

/** @param {(question: any) => Promise<any>} how */
function answer(how) {
  how(JSON.parse(fs.readFileSync(0, 'utf8'))).then(
    (answered) => fs.writeSync(1, JSON.stringify(answered)),
    (error) => {
      fs.writeSync(2, String(error.code === undefined && error.constructor === Error ? error.message : error.stack));
      process.exitCode = 1;
    },
  );
}

module.exports = { answer };
