export default defineEventHandler((event) => {
  const visits = Number(getCookie(event, 'visits') ?? 0) + 1;
  setCookie(event, 'visits', String(visits), { httpOnly: true });
  return { visits };
});
