import { NextResponse } from 'next/server';

export async function GET(request, { params }) {
  const { id } = await params;
  if (id === 'moved') return NextResponse.redirect(new URL('/api/items/1', request.url), 307);
  return NextResponse.json({ id, query: request.nextUrl.searchParams.get('a'), from: request.headers.get('x-from-proxy') });
}

export async function DELETE() {
  return new Response(null, { status: 204 });
}
