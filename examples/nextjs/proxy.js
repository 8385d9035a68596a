import { NextResponse } from 'next/server';
import { ACCESS, REFRESH, forget, keep, refresh } from './lib/latchkey';

// proxy runs before every page. When the access token has expired, it refreshes it, so that the page and
// the browser both get the new one.
export async function proxy(request) {
  const token = request.cookies.get(REFRESH)?.value;
  if (request.cookies.has(ACCESS) || !token) return NextResponse.next();
  const tokens = await refresh(token);
  if (tokens) {
    request.cookies.set(ACCESS, tokens.access_token);
    request.cookies.set(REFRESH, tokens.refresh_token);
  } else {
    request.cookies.delete(REFRESH);
  }
  const response = NextResponse.next({ request: { headers: request.headers } });
  if (tokens) keep(response.cookies, tokens);
  else forget(response.cookies);
  return response;
}

export const config = { matcher: ['/'] };
