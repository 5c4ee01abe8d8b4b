import { NextResponse } from 'next/server';

export function proxy(request) {
  if (request.nextUrl.pathname === '/api/items/private') return new NextResponse('not for you', { status: 403 });
  const headers = new Headers(request.headers);
  headers.set('x-from-proxy', 'yes');
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('X-Seen-By', 'the proxy');
  return response;
}

export const config = { matcher: '/api/:path*' };
