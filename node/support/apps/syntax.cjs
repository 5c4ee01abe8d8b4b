'use strict';
// Is not JavaScript in line 3.
const = 1;
