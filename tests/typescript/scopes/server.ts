import { createServer } from 'node:http';
import { shown } from './cases';

createServer((_, response) => response.end(`${shown.join('\n')}\n`)).listen(process.env.PORT);
