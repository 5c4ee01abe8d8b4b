// What schemas check and write, and an error handler of the plugin's own.

const book = {
  $id: 'book',
  type: 'object',
  required: ['title', 'pages'],
  additionalProperties: false,
  properties: { title: { type: 'string', minLength: 1, maxLength: 50 }, pages: { type: 'integer', minimum: 1 }, tags: { type: 'array', items: { type: 'string' }, default: [] } },
};

export default async function books(app) {
  app.addSchema(book);
  const shelf = [{ title: 'Emma', pages: 474, tags: [], secret: 'not to be seen' }];

  app.setErrorHandler((error, _request, reply) => {
    if (error.validation) return reply.code(422).send({ in: error.validationContext, problems: error.validation.map(({ instancePath, keyword }) => [instancePath, keyword]) });
    return reply.code(error.statusCode ?? 500).send({ problem: error.message });
  });
  app.addHook('preHandler', async (request, reply) => {
    if (request.headers['x-key'] === 'wrong') return reply.code(403).send({ problem: 'wrong key' });
  });

  app.get('/', { schema: { querystring: { type: 'object', properties: { from: { type: 'integer', default: 0 } } }, response: { 200: { type: 'array', items: { $ref: 'book#' } } } } }, async (request) => shelf.slice(request.query.from));
  app.post('/', { schema: { body: { $ref: 'book#' }, response: { 201: { $ref: 'book#' } } } }, async (request, reply) => reply.code(201).send({ ...request.body, secret: 'dropped by the schema' }));
  app.get('/:id', { schema: { params: { type: 'object', properties: { id: { type: 'integer' } } }, headers: { type: 'object', required: ['x-reader'] } } }, async (request) => ({ id: request.params.id, kind: typeof request.params.id }));
  app.put('/:id', { schema: { body: { type: 'object', properties: { when: { type: 'string', format: 'date' } } } } }, async (request) => request.body);
  app.get('/fails', async () => {
    throw new Error('fails in a plugin');
  });
}
