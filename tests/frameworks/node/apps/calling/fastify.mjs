// Fastify's handlers await functions of Python.

import { services } from 'diglot';
import Fastify from 'fastify';
import { picture, told } from './pictures.mjs';

const app = Fastify();
app.get('/pictures/:rows/:columns', async ({ params }) => told(await services.app.turned({ picture: picture(params.rows, params.columns) })));
app.get('/ponder/:name', async ({ params }) => services.app.ponder({ name: params.name }));

await app.listen({ port: Number(process.env.PORT ?? 3000) });
process.on('SIGTERM', () => app.close());
