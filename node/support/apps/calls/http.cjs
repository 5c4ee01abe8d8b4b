const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { context, services } = require('diglot');

http
  .createServer(async (request, response) => {
    await sleep(1);
    if (request.url === '/context') return response.end(JSON.stringify(context()));
    if (request.url === '/careless') {
      const calls = [services.model.watchAborts(), services.model.watchAborts()];
      process.once('exit', () => calls);
      await services.model.watchAborts();
    }
    try {
      if (request.url === '/wait') await services.model.watchAborts();
      response.end(JSON.stringify(await services.model.similar({ itemId: 1, k: 1 })));
    } catch (error) {
      if (request.url === '/wait') process.stdout.write(`gave up: ${error.name}\n`);
      response.end(error.message);
    }
  })
  .listen(0);
