// A module that exports fetch: every feature of the fetch lane the tests ask for, a route each.

const routes = {
  '/hello': () => new Response('hello'),
  '/promise': async () => new Response('later', { status: 201, headers: { 'X-One': '1' } }),
  '/request': async (request, env, context) => {
    const copy = new Request(request, { headers: { 'x-copy': 'yes' } });
    return Response.json({
      method: request.method,
      url: request.url,
      headers: [...request.headers],
      is: request instanceof Request,
      constructor: request.constructor === Request,
      copied: [copy.url, copy.method, copy.headers.get('x-copy')],
      body: request.body,
      used: request.bodyUsed,
      signal: request.signal instanceof AbortSignal,
      mode: request.mode,
      remote: env.incoming.socket.remoteAddress,
      wait: typeof context.waitUntil,
    });
  },
  '/text': async (request) => new Response(`${await request.text()} ${request.bodyUsed}`),
  '/json': async (request) => Response.json(await request.json()),
  '/bytes': async (request) => new Response(new Uint8Array(await request.arrayBuffer()).map((byte) => byte + 1)),
  '/form': async (request) => new Response((await request.formData()).get('name')),
  '/twice': async (request) => {
    await request.text();
    return request.text().then(
      () => new Response('read twice'),
      (error) => new Response(error.constructor.name),
    );
  },
  '/strings': () => new Response(ReadableStream.from(['one ', 'twö'])),
  '/peek': async (request) => {
    const reader = request.body.getReader();
    const { value } = await reader.read();
    process.once('SIGUSR2', () => reader.read().catch((error) => console.log(`peek: ${error.message}`)));
    return new Response(`seen ${value.length}`);
  },
  '/clone': async (request) => new Response(`${await request.clone().text()} ${await request.text()}`),
  '/stream': async (request) => {
    let bytes = 0;
    for await (const chunk of request.body) bytes += chunk.length;
    return new Response(String(bytes));
  },
  '/echo': (request) => new Response(request.body),
  '/events': () => {
    const encoder = new TextEncoder();
    let count = 0;
    const body = new ReadableStream({
      async pull(controller) {
        if (count === 3) return controller.close();
        if (count > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        controller.enqueue(encoder.encode(`data: ${count++}\n\n`));
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  },
  '/silent': (request) => {
    const body = new ReadableStream({ cancel: (reason) => console.log(`cancelled ${reason.name}`) });
    request.signal.addEventListener('abort', () => console.log('aborted'));
    return new Response(body);
  },
  '/flood': (request) => {
    let left = Number(new URL(request.url).searchParams.get('chunks'));
    const chunk = new Uint8Array(16 * 1024);
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (left-- > 0) return controller.enqueue(chunk);
          console.log('flood is over');
          controller.close();
        },
      }),
    );
  },
  '/large': () => new Response('ü'.repeat(200_000)),
  '/headers': () => {
    const response = new Response('changed', { headers: { 'X-A': '1' } });
    response.headers.append('Set-Cookie', 'a=1');
    response.headers.append('Set-Cookie', 'b=2');
    response.headers.set('content-type', 'text/x');
    return response;
  },
  '/cloned': () => new Response('cloned', { status: 202 }).clone(),
  '/none': () => new Response(null, { status: 204 }),
  '/redirect': () => Response.redirect('http://a.test/there', 303),
  // Headers of the query, which the front would not have: by every way to a Response.
  '/bad-header': (request) => {
    const { searchParams } = new URL(request.url);
    const how = searchParams.get('how');
    const repeat = Number(searchParams.get('repeat') ?? 1);
    const name = (searchParams.get('name') ?? 'x-name').repeat(repeat);
    const value = searchParams.get('value');
    if (how === 'object') return new Response('hi', { headers: { [name]: value } });
    if (how === 'headers') return new Response('hi', { headers: new Headers({ [name]: value }) });
    if (how === 'null') return new Response(null, { headers: { [name]: value } });
    if (how === 'twice') return new Response('hi', { headers: { 'Content-Length': value, 'content-length': '3' } });
    if (how === 'many') return new Response('hi', { headers: Object.fromEntries(Array.from({ length: 1100 }, (_, index) => [`x-${index}`, value])) });
    if (how === 'later') {
      const response = new Response('hi');
      response.headers.append(name, value);
      return response;
    }
    const body = new ReadableStream({ cancel: (reason) => console.log(`not sent: ${reason.message}`) });
    return new Response(body, { headers: { [name]: value } });
  },
  '/forward': (request) => fetch(request),
  '/forward-changed': (request) => fetch(request, { headers: { 'x-proxy': '1' } }),
  '/forward-url': (request) => fetch(request.url),
  '/forward-read': async (request) => {
    await request.text();
    return fetch(request).catch((error) => new Response(error.constructor.name));
  },
  '/throws': () => {
    throw new Error('thrown by fetch');
  },
  '/rejects': async () => {
    throw new Error('rejected by fetch');
  },
  '/nothing': () => undefined,
  '/stream-error': () => {
    let count = 0;
    const body = new ReadableStream({
      async pull(controller) {
        if (count++ === 0) return controller.enqueue(new Uint8Array([65]));
        await new Promise((resolve) => setTimeout(resolve, 5));
        throw new Error('the stream broke');
      },
    });
    return new Response(body);
  },
  '/wait-until': (_request, _env, context) => {
    context.waitUntil(
      new Promise((resolve) => {
        process.once('SIGUSR2', () => {
          console.log('waited for');
          resolve();
        });
      }),
    );
    return new Response('waiting');
  },
  '/subclass': () => {
    class Teapot extends Response {
      constructor() {
        super('short and stout', { status: 418 });
      }
    }
    const pot = new Teapot();
    return pot instanceof Response && pot instanceof Teapot ? pot : new Response('wrong class');
  },
  '/light': async () => {
    const light = new Response('body', { status: 203, statusText: 'Light', headers: { 'X-A': 'b' } });
    const { status, statusText, ok, type, url, redirected, bodyUsed } = light;
    const text = await light.text();
    let invalid = 'accepted';
    try {
      new Response('x', { headers: { 'bad name': 'y' } });
    } catch (error) {
      invalid = error.constructor.name;
    }
    let range = 'accepted';
    try {
      new Response('x', { status: 1000 });
    } catch (error) {
      range = error.constructor.name;
    }
    const fetched = await fetch('data:text/plain,data');
    return Response.json({ status, statusText, ok, type, url, redirected, bodyUsed, text, after: light.bodyUsed, header: light.headers.get('x-a'), invalid, range, fetched: fetched instanceof Response, data: await fetched.text() });
  },
};

export default {
  fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    const route = routes[pathname];
    return route === undefined ? new Response('no such route', { status: 404 }) : route(request, env, context);
  },
};
