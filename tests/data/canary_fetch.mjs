// Tells what it saw: every request in order, at /canary/seen, once.
let seen = [];

async function fetch(request) {
  const { pathname, search } = new URL(request.url);
  if (pathname === '/canary/seen') {
    const told = seen;
    seen = [];
    return Response.json(told);
  }
  const record = {
    method: request.method,
    target: pathname + search,
    headers: [...request.headers],
    facts: {},
    body: '',
    complete: false,
  };
  seen.push(record);
  try {
    record.body = Buffer.from(await request.arrayBuffer()).toString('latin1');
    record.complete = true;
  } catch {
    // The client's request was cut off, which the record shows as not complete.
  }
  return new Response('seen');
}

export default { fetch };
