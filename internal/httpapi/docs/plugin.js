// A plugin for Swagger UI that keeps you signed in to Latchkey. To use it in the Swagger UI of another
// API, load it before the script that starts Swagger UI:
//
//   <script src="https://auth.example.com/docs/plugin.js"></script>
//
// It serves the OAuth2 security schemes whose token URL is one of this installation, and leaves all
// others alone. It refreshes the access token before it expires, and once after a response 401; keeps
// the tokens in sessionStorage, so that a reload does not sign out; revokes them on Logout; and shows
// beside the Authorize button who is signed in. It stores neither passwords nor client secrets.
(() => {
  'use strict';

  const issuer = 'LATCHKEY_ISSUER'; // the server writes its own here
  const script = document.currentScript && document.currentScript.src;
  const bases = script ? [issuer, new URL('..', script).href.replace(/\/$/, '')] : [issuer];
  const storageKey = `latchkey ${issuer}`;
  const retryDelay = 10_000; // ms between two refreshes that fail because the service is unavailable

  // sessions has the signed-in security schemes by name.
  const sessions = new Map();
  const badges = new Set(); // functions that render a badge anew
  let notice = '';

  function changed() {
    const stored = [...sessions.values()].map(({ secret, renewal, notBefore, ...rest }) => rest);
    try {
      if (stored.length > 0) {
        sessionStorage.setItem(storageKey, JSON.stringify(stored));
      } else {
        sessionStorage.removeItem(storageKey);
      }
    } catch { /* the browser forbids storage: a reload signs out */ }
    badges.forEach(render => render());
  }

  // baseOf returns the URL of Latchkey if endpoint is one of its token endpoints, otherwise undefined.
  function baseOf(endpoint) {
    return bases.find(base => endpoint === `${base}/token` || endpoint === `${base}/api/auth/token`);
  }

  // endpointOf returns the token URL of a security scheme as Swagger UI resolves it.
  function endpointOf(schema, { specSelectors, oas3Selectors }) {
    const server = specSelectors.isOAS3() && oas3Selectors.serverEffectiveValue(oas3Selectors.selectedServer());
    try {
      return new URL(schema.tokenUrl, new URL(server || specSelectors.url(), location.href)).href;
    } catch {
      return '';
    }
  }

  // post sends a form to Latchkey as the client that has signed in. With X-Requested-With, a wrong
  // client secret opens no password dialog of the browser.
  function post(session, url, form) {
    const headers = { 'X-Requested-With': 'XMLHttpRequest' };
    const { clientId = '', passwordType } = session.auth;
    const secret = session.secret || '';
    if (session.auth.schema.flow === 'password' && passwordType === 'request-body') {
      if (clientId) form.client_id = clientId;
      if (secret) form.client_secret = secret;
    } else {
      headers.Authorization = `Basic ${btoa(`${clientId}:${secret}`)}`; // as Swagger UI signs in
    }
    return fetch(url, { method: 'POST', headers, body: new URLSearchParams(form), credentials: 'omit', keepalive: true });
  }

  // claims returns the claims of an access token. They are for display only.
  function claims(token) {
    try {
      const bytes = atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'));
      return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, c => c.charCodeAt(0))));
    } catch {
      return {};
    }
  }

  function useToken(session, token) {
    const lifetime = (token.expires_in || 300) * 1000;
    Object.assign(session, { token, lifetime, expires: Date.now() + lifetime });
  }

  // remember begins a session with the response of a sign-in.
  function remember(system, auth, token) {
    const plain = JSON.parse(JSON.stringify(auth)); // schema is an immutable map
    const endpoint = endpointOf(plain.schema, system);
    const base = baseOf(endpoint);
    if (!base) return;
    const { clientSecret: secret = '', password, token: replaced, ...kept } = plain;
    const session = { name: auth.name, base, endpoint, auth: kept, secret, confidential: secret !== '' };
    useToken(session, token);
    session.user = plain.username || plain.clientId || claims(token.access_token).client_id || '';
    sessions.set(session.name, session);
    notice = '';
    changed();
    askName(session);
  }

  // askName replaces what the user has typed by the username. That fails without the scope profile.
  async function askName(session) {
    if (!session.token.refresh_token) return;
    try {
      const headers = { Authorization: `Bearer ${session.token.access_token}` };
      const response = await fetch(`${session.base}/userinfo`, { headers, credentials: 'omit' });
      if (!response.ok) return;
      session.user = (await response.json()).preferred_username || session.user;
      changed();
    } catch { /* keep what was typed */ }
  }

  // restore continues the sessions from before a reload.
  function restore(system) {
    let stored = [];
    try {
      stored = JSON.parse(sessionStorage.getItem(storageKey)) || [];
    } catch { /* there is nothing to restore */ }
    for (const session of stored) {
      if (baseOf(session.endpoint) && (remaining(session) > 0 || canRenew(session))) {
        sessions.set(session.name, session);
        system.authActions.authorizeOauth2({ auth: { ...session.auth }, token: session.token });
      }
    }
    changed();
  }

  const remaining = session => session.expires - Date.now();
  const canRenew = session => !!session.token.refresh_token && (!session.confidential || !!session.secret);

  // renew refreshes the tokens of a session. Callers at the same time share one request. It resolves to
  // whether the session has new tokens.
  function renew(system, session) {
    if (!canRenew(session) || Date.now() < session.notBefore) return Promise.resolve(false);
    session.renewal ||= refresh(system, session).finally(() => { session.renewal = null; });
    return session.renewal;
  }

  async function refresh(system, session) {
    const form = { grant_type: 'refresh_token', refresh_token: session.token.refresh_token };
    let response, body;
    try {
      response = await post(session, session.endpoint, form);
      body = await response.json();
    } catch { /* retry later */ }
    if (sessions.get(session.name) !== session) return false; // signed out meanwhile
    if (body && response.ok) {
      useToken(session, body);
      system.authActions.authorizeOauth2({ auth: { ...session.auth, clientSecret: session.secret }, token: body });
      changed();
      return true;
    }
    if (body && (response.status === 400 || response.status === 401)) {
      end(system, session, 'Your session has ended. Sign in again.');
    } else {
      session.notBefore = Date.now() + retryDelay;
    }
    return false;
  }

  function end(system, session, text) {
    sessions.delete(session.name);
    notice = text;
    system.authActions.logout([session.name]);
    changed();
  }

  // revoke ends a session on the server.
  async function revoke(session) {
    const token = session.token.refresh_token || session.token.access_token;
    try {
      const response = await post(session, `${session.base}/revoke`, { token });
      if (response.ok) return;
    } catch { /* the notice says it */ }
    notice = 'Signed out here, but the session could not be revoked.';
    changed();
  }

  // tick runs every second. It refreshes before expiry while the page is visible: a forgotten tab does
  // not keep a session alive.
  function tick(system) {
    for (const session of sessions.values()) {
      const margin = Math.min(60_000, session.lifetime / 4);
      if (document.visibilityState === 'visible' && remaining(session) < margin) renew(system, session);
      if (remaining(session) <= 0 && !canRenew(session)) end(system, session, 'Your access token has expired. Sign in again.');
    }
    badges.forEach(render => render());
  }

  // sender returns a function that sends a request with a current token, and repeats it once with a
  // new one after a response 401. A request that was refused for its token had no effect.
  function sender(system, send) {
    return async request => {
      const sent = request.headers && request.headers.Authorization;
      const session = [...sessions.values()].find(s => sent === `Bearer ${s.token.access_token}`);
      try {
        return await send(request);
      } catch (error) {
        if (!session || (error.status || error.statusCode) !== 401) throw error;
        const renewed = sent !== `Bearer ${session.token.access_token}` || await renew(system, session);
        if (!renewed) throw error;
        request.headers.Authorization = `Bearer ${session.token.access_token}`;
        return send(request);
      }
    };
  }

  function timeLeft(session) {
    const seconds = Math.max(0, Math.floor(remaining(session) / 1000));
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }

  // Styles are set by script, which every content security policy allows.
  const badgeStyle = {
    alignSelf: 'center', margin: '0 10px 0 auto', padding: '6px 12px', borderRadius: '4px', background: '#e8f6f0',
    color: '#1b5e3f', font: '14px/1.4 sans-serif', overflowWrap: 'anywhere', textAlign: 'left',
  };
  const noticeStyle = {
    ...badgeStyle, background: '#fff4e5', color: '#7a4100', position: 'fixed', top: '10px', right: '0', zIndex: 1,
  };

  function badge(createElement, session) {
    const roles = claims(session.token.access_token).roles || [];
    const title = `Scopes: ${session.token.scope || 'none'}. ` + (canRenew(session) ?
      'The access token is refreshed before it expires.' : 'The access token cannot be refreshed: sign in again when it expires.');
    return createElement('span', { key: session.name, className: 'latchkey-badge', style: badgeStyle, title },
      createElement('b', null, session.user), ` · ${roles.length ? `${roles.join(', ')} · ` : ''}${timeLeft(session)}`);
  }

  function withBadge(Original, { React }) {
    const h = React.createElement;
    return class extends React.Component {
      componentDidMount() {
        this.render_ = () => this.forceUpdate();
        badges.add(this.render_);
      }

      componentWillUnmount() { badges.delete(this.render_); }

      render() {
        const shown = [...sessions.values()].map(session => badge(h, session));
        if (notice && shown.length === 0) {
          shown.push(h('span', { key: ' ', className: 'latchkey-notice', role: 'status', style: noticeStyle }, notice));
        }
        return h(React.Fragment, null, ...shown, h(Original, this.props));
      }
    };
  }

  // withoutOurs removes our tokens from localStorage, where Swagger UI keeps them if persistAuthorization
  // is on.
  function withoutOurs() {
    try {
      const all = JSON.parse(localStorage.getItem('authorized') || '{}');
      for (const name of sessions.keys()) delete all[name];
      localStorage.setItem('authorized', JSON.stringify(all));
    } catch { /* there is no storage */ }
  }

  let ticking;

  const plugin = {
    wrapComponents: { authorizeBtn: withBadge },
    statePlugins: {
      configs: {
        wrapActions: {
          loaded: (original, system) => (...args) => {
            const result = original(...args);
            restore(system);
            ticking ||= setInterval(tick, 1000, system);
            return result;
          },
        },
      },
      auth: {
        wrapActions: {
          authorizeOauth2WithPersistOption: (original, system) => ({ auth, token }) => {
            const { password, ...kept } = auth;
            if (token && token.access_token) remember(system, auth, token);
            return original({ auth: sessions.has(auth.name) ? kept : auth, token });
          },
          persistAuthorizationIfNeeded: (original, system) => () => {
            const result = original();
            if (system.getConfigs().persistAuthorization) withoutOurs();
            return result;
          },
          logout: original => names => {
            for (const name of names) {
              const session = sessions.get(name);
              if (!session) continue;
              sessions.delete(name);
              notice = '';
              revoke(session);
              changed();
            }
            return original(names);
          },
        },
      },
      spec: {
        wrapActions: {
          executeRequest: (original, system) => async request => {
            await Promise.all([...sessions.values()].filter(s => remaining(s) < 5000).map(s => renew(system, s)));
            const { securities, fetch: send } = request;
            return original({
              ...request,
              securities: securities && { ...securities, authorized: system.authSelectors.authorized().toJS() },
              fetch: send && sender(system, send),
            });
          },
        },
      },
    },
  };

  // withPlugin returns SwaggerUIBundle as a function that adds the plugin.
  function withPlugin(bundle) {
    const add = ([options = {}, ...rest]) => {
      const plugins = [].concat(options.plugins || []);
      return [{ ...options, plugins: plugins.includes(plugin) ? plugins : [...plugins, plugin] }, ...rest];
    };
    return new Proxy(bundle, {
      apply: (target, self, args) => Reflect.apply(target, self, add(args)),
      construct: (target, args) => Reflect.construct(target, add(args)),
    });
  }

  if (window.LatchkeySwaggerUI) return; // the page loads the script twice
  window.LatchkeySwaggerUI = plugin;
  let bundle = window.SwaggerUIBundle && withPlugin(window.SwaggerUIBundle);
  Object.defineProperty(window, 'SwaggerUIBundle', {
    configurable: true, enumerable: true, get: () => bundle, set: value => { bundle = withPlugin(value); },
  });
})();
