export default {
  output: 'standalone',
  // The folders above this one have locks of their own.
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  async redirects() {
    return [{ source: '/old/:path*', destination: '/posts/:path*', permanent: true }];
  },
  async headers() {
    return [{ source: '/api/:path*', headers: [{ key: 'X-Api', value: 'yes' }] }];
  },
  async rewrites() {
    return [{ source: '/hidden', destination: '/posts/from-a-rewrite' }];
  },
};
