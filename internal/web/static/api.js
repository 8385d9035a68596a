// Calls of the API: only the public operations, with the cookies of a browser session. See
// docs/browser-front-ends.md.
import { signal } from './lib.js';
import { formatDuration, has, language, t } from './texts.js';

/** The URL of the service, with its path prefix. */
export const root = new URL('../../', import.meta.url);

// The fields that the errors of these codes are about.
const fieldOf = {
  username_taken: 'username', invalid_username: 'username', email_taken: 'email', invalid_email: 'email',
  weak_password: 'password', wrong_password: 'current_password',
};

/** ApiError is an error response, or status 0 if there is no response. */
export class ApiError extends Error {
  constructor(status, problem, response) {
    super(problem.detail ?? problem.error_description ?? response?.statusText ?? '');
    this.status = status;
    this.code = problem.code ?? problem.error ?? '';
    this.requestId = problem.request_id ?? response?.headers.get('X-Request-Id') ?? '';
    this.retryAfter = Number(response?.headers.get('Retry-After')) || 0;
    // The error of each field, by its name.
    this.fields = Object.fromEntries((problem.errors ?? []).map(e => [e.pointer.replace(/^\//, ''), this.inWords(e.detail)]));
    if (fieldOf[this.code] && !problem.errors) {
      this.fields[fieldOf[this.code]] = this.inWords(this.message);
    }
  }

  /** inWords returns what the service says, or in another language the text of the code. */
  inWords(detail) {
    const key = `error.${this.code}`;
    return language !== 'en' && has(key) ? t(key) : sentence(detail);
  }

  /** The text for the user: that of the code in their language, else what the service says. */
  get text() {
    const key = `error.${this.code}`;
    const own = has(key) && t(key, { time: formatDuration(this.retryAfter) }); // empty: what the service says is better
    return own || sentence(this.message) || t('error.unknown');
  }
}

/** sentence makes a sentence of a text: details begin with a small letter and have no full stop. */
export function sentence(text) {
  return text && text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
}

/**
 * call sends a request and returns the body of its response, or null. It throws an ApiError.
 * Options: signal (AbortSignal); anonymous: an error 401 does not mean that the session has ended;
 * raw: return the Response.
 */
export async function call(method, path, body, options = {}) {
  const renewed = renewals;
  let response = await send(method, path, body, options);
  if (response.status === 401 && !options.anonymous) {
    if (renewed === renewals && !await refresh()) {
      endSession();
      throw await errorOf(response);
    }
    response = await send(method, path, body, options);
    if (response.status === 401) {
      endSession();
    }
  }
  if (!response.ok) {
    throw await errorOf(response);
  }
  return options.raw ? response : parse(response);
}

export const get = (path, options) => call('GET', path, undefined, options);
export const post = (path, body, options) => call('POST', path, body, options);
export const put = (path, body, options) => call('PUT', path, body, options);
export const patch = (path, body, options) => call('PATCH', path, body, options);
export const del = (path, body, options) => call('DELETE', path, body, options);

async function send(method, path, body, { signal } = {}) {
  const headers = { Accept: 'application/json', 'X-Requested-With': 'latchkey' };
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
  }
  try {
    return await fetch(new URL(path.replace(/^\//, ''), root), {
      method, headers, signal, credentials: 'same-origin', cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new ApiError(0, { code: 'network' });
  }
}

async function parse(response) {
  const text = await response.text();
  return text && /json/.test(response.headers.get('Content-Type')) ? JSON.parse(text) : text || null;
}

async function errorOf(response) {
  const body = await parse(response).catch(() => null);
  return new ApiError(response.status, body !== null && typeof body === 'object' ? body : {}, response);
}

let refreshing = null;
let renewals = 0; // so that a late response to the old token does not renew the session again

/** refresh renews the session once for all calls that wait for it, and reports whether it goes on. */
function refresh() {
  refreshing ??= send('POST', 'api/auth/refresh').then(async response => {
    if (response.ok || response.status === 401) {
      renewals += response.ok ? 1 : 0;
      return response.ok;
    }
    throw await errorOf(response);
  }).finally(() => { refreshing = null; });
  return refreshing;
}

/** The signed-in user; null: there is none; undefined: not known yet. */
export const user = signal(undefined);

let whenEnded = () => {};

/** onSessionEnd sets what happens when the session turns out to have ended, perhaps elsewhere. */
export function onSessionEnd(handler) { whenEnded = handler; }

function endSession() {
  const before = user.value;
  user.value = null;
  whenEnded(before);
}

const hasSession = () => document.cookie.split('; ').some(cookie => cookie.startsWith('logged_in='));

/** loadUser finds out who is signed in. Nobody is asked if the browser knows of no session. */
export async function loadUser() {
  if (!hasSession()) {
    user.value = null;
    return null;
  }
  try {
    user.value = await get('api/auth/users/me');
  } catch (error) {
    if (error.status !== 401) {
      throw error;
    }
  }
  return user.value;
}

/** signIn starts a browser session. */
export async function signIn(username, password) {
  await post('api/auth/login', { username, password }, { anonymous: true });
  return loadUser();
}

/** signOut ends it. */
export async function signOut() {
  await post('api/auth/logout', undefined, { anonymous: true });
  user.value = null;
}

/** signInURL returns the sign-in page, which leads back to the current page. */
export function signInURL() {
  const url = new URL('account/sign-in', root);
  url.searchParams.set('next', location.pathname + location.search);
  return url.href;
}

/** nextURL returns where the sign-in page leads: to a page of this service, never elsewhere. */
export function nextURL(fallback) {
  const next = new URLSearchParams(location.search).get('next');
  try {
    const url = new URL(next ?? fallback, root);
    return url.origin === location.origin ? url.href : new URL(fallback, root).href;
  } catch {
    return new URL(fallback, root).href;
  }
}
