import { setTimeout as sleep } from 'node:timers/promises';
import { context, services } from 'diglot';

export default {
  async fetch(request) {
    await sleep(1);
    if (request.url.endsWith('/context')) return Response.json(context());
    try {
      if (request.url.endsWith('/wait')) await services.model.watchAborts();
      return Response.json(await services.model.similar({ itemId: 1, k: 1 }));
    } catch (error) {
      process.stdout.write(`gave up: ${error.name}\n`);
      return new Response(error.message);
    }
  },
};
