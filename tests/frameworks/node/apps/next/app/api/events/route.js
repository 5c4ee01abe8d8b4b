export const dynamic = 'force-dynamic';

// Has no end: whoever got its events got each as it was sent.
export async function GET(request) {
  const text = new TextEncoder();
  let timer;
  let sent = 0;
  const stream = new ReadableStream({
    start(to) {
      timer = setInterval(() => to.enqueue(text.encode(`data: ${++sent}\n\n`)), 10);
      request.signal.addEventListener('abort', () => console.log('the request was aborted'));
    },
    cancel() {
      clearInterval(timer);
      console.log('the reader of events has left');
    },
  });
  return new Response(stream, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache, no-transform' } });
}
