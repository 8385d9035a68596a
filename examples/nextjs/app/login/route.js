import { NextResponse } from 'next/server';
import { keep, signIn } from '../../lib/latchkey';
import { sameOrigin } from '../../lib/same-origin';

export async function POST(request) {
  if (!sameOrigin(request)) return new NextResponse('cross-site request', { status: 403 });
  const form = await request.formData();
  const tokens = await signIn(form.get('username') ?? '', form.get('password') ?? '');
  const response = new NextResponse(null, { status: 303, headers: { Location: tokens ? '/' : '/?error=1' } });
  if (tokens) keep(response.cookies, tokens);
  return response;
}
