import { cookies } from 'next/headers';
import { NextResponse } from 'next/server';

export async function GET() {
  const visits = Number((await cookies()).get('visits')?.value ?? 0) + 1;
  const response = NextResponse.json({ visits });
  response.cookies.set('visits', String(visits));
  response.cookies.set('other', 'ü', { sameSite: 'lax' });
  return response;
}
