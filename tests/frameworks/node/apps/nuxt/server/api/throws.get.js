export default defineEventHandler(() => {
  throw createError({ statusCode: 418, statusMessage: 'Short and stout', data: { handle: 'yes' } });
});
