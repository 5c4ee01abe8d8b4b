export default defineEventHandler(async (event) => {
  const type = getRequestHeader(event, 'content-type') ?? '';
  if (type.startsWith('multipart/')) {
    const parts = await readMultipartFormData(event);
    return parts.map(({ name, filename, data }) => ({ name, filename, bytes: data.length }));
  }
  setResponseStatus(event, 201);
  return { body: await readBody(event) };
});
