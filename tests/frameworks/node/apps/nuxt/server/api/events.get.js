// Has no end: whoever got its events got each as it was sent.
export default defineEventHandler((event) => {
  const stream = createEventStream(event);
  let sent = 0;
  const timer = setInterval(() => stream.push(String(++sent)), 10);
  stream.onClosed(async () => {
    clearInterval(timer);
    console.log('the reader of events has left');
    await stream.close();
  });
  return stream.send();
});
