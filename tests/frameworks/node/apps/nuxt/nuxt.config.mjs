export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  telemetry: false,
  devtools: { enabled: false },
  nitro: { compressPublicAssets: true },
  routeRules: {
    '/old/**': { redirect: { to: '/posts/**', statusCode: 308 } },
    '/cached': { swr: 3600 },
    '/prerendered': { prerender: true },
    '/api/**': { cors: true, headers: { 'x-api': 'yes' } },
  },
});
