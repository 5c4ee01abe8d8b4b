export default defineEventHandler((event) => {
  event.context.visitor = getRequestHeader(event, 'x-visitor') ?? 'nobody';
});
