export default defineEventHandler((event) => {
  setResponseHeader(event, 'x-item', getRouterParam(event, 'id'));
  return { id: getRouterParam(event, 'id'), a: getQuery(event).a ?? null, visitor: event.context.visitor, ip: getRequestIP(event) ?? null };
});
