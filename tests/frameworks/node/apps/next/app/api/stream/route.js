export const dynamic = 'force-dynamic';

export async function GET() {
  const chunk = new TextEncoder().encode('streamed '.repeat(1000));
  let left = 500;
  return new Response(
    new ReadableStream({
      pull(to) {
        if (left-- > 0) to.enqueue(chunk);
        else to.close();
      },
    }),
    { headers: { 'Content-Type': 'text/plain' } },
  );
}
