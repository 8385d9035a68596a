// What the signed-in user may do.
import { signal } from '../lib.js';
import { get, loadUser } from '../api.js';

const scopes = signal(new Set());

/** can reports whether the session has a scope. The service decides; this only hides what would be refused. */
export const can = scope => scopes.value.has(scope);

/** allScopes returns the scopes of the session, sorted. */
export const allScopes = () => [...scopes.value].sort();

/** loadSession finds out who is signed in and what the session may do; null: nobody. */
export async function loadSession() {
  const user = await loadUser();
  if (user) {
    const info = await get('userinfo');
    scopes.value = new Set(info.scope.split(' ').filter(Boolean));
  }
  return user;
}
