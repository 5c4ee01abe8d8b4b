// Is not JavaScript in line 3.
import 'node:http';
const = 1;
