// Signs users in to Latchkey. The tokens stay on the server of this front end and in HttpOnly cookies:
// scripts in the page cannot read them.

const issuer = process.env.LATCHKEY_ISSUER ?? 'http://localhost:8080';

export const ACCESS = 'access_token';
export const REFRESH = 'refresh_token';

// post sends a form to Latchkey. It throws if the service cannot be reached.
const post = (path, form) => fetch(issuer + path, { method: 'POST', body: new URLSearchParams(form), cache: 'no-store' });

// signIn returns the tokens of a user, or null if the username or the password is wrong.
export async function signIn(username, password) {
  const response = await post('/token', { grant_type: 'password', username, password });
  if (response.status === 400 || response.status === 401) return null;
  if (!response.ok) throw new Error(`Latchkey responded with ${response.status}`);
  return response.json();
}

// refresh returns new tokens, or null if the session has ended. Of requests at the same time each gets
// the same new refresh token.
export async function refresh(token) {
  const response = await post('/token', { grant_type: 'refresh_token', refresh_token: token });
  return response.ok ? response.json() : null;
}

// signOut ends the session.
export const signOut = token => post('/revoke', { token });

// profile returns the signed-in user, or null.
export async function profile(accessToken) {
  if (!accessToken) return null;
  const response = await fetch(`${issuer}/api/auth/users/me`, {
    headers: { Authorization: `Bearer ${accessToken}` }, cache: 'no-store',
  });
  return response.ok ? response.json() : null;
}

const cookie = { httpOnly: true, sameSite: 'lax', secure: process.env.SECURE_COOKIES === 'true', path: '/' };

// keep stores tokens in cookies that expire with them, a little early for the access token.
export function keep(cookies, tokens) {
  cookies.set(ACCESS, tokens.access_token, { ...cookie, maxAge: Math.max(1, tokens.expires_in - 30) });
  cookies.set(REFRESH, tokens.refresh_token, { ...cookie, maxAge: tokens.refresh_token_expires_in });
}

export function forget(cookies) {
  cookies.delete(ACCESS);
  cookies.delete(REFRESH);
}
