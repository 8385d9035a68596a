import { NextResponse } from 'next/server';
import { REFRESH, forget, signOut } from '../../lib/latchkey';
import { sameOrigin } from '../../lib/same-origin';

export async function POST(request) {
  if (!sameOrigin(request)) return new NextResponse('cross-site request', { status: 403 });
  const token = request.cookies.get(REFRESH)?.value;
  if (token) await signOut(token);
  const response = new NextResponse(null, { status: 303, headers: { Location: '/' } });
  forget(response.cookies);
  return response;
}
