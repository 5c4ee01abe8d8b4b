export default defineEventHandler((event) => {
  setResponseHeader(event, 'content-type', 'text/plain');
  const chunk = new TextEncoder().encode('streamed '.repeat(1000));
  let left = 500;
  return new ReadableStream({
    pull(to) {
      if (left-- > 0) to.enqueue(chunk);
      else to.close();
    },
  });
});
