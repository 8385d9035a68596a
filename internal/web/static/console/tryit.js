// Try it: get a token and look inside.
import { html, useState } from '../lib.js';
import { ApiError, get, post, root } from '../api.js';
import { formatAgo, formatTime } from '../texts.js';
import { Badge, Button, Copy, Field, Form, Note, PasswordField, Submit, toast, useLoad } from '../ui.js';
import { Card, Facts, Loaded, View } from './parts.js';

export function TryIt() {
  const [token, setToken] = useState(null);
  const signIn = async values => {
    const form = { grant_type: 'password', username: values.username, password: values.password };
    if (values.scope.trim()) {
      form.scope = values.scope.trim();
    }
    setToken(await send('token', form));
  };
  const refresh = async () => {
    setToken(await send('token', { grant_type: 'refresh_token', refresh_token: token.refresh_token }));
    toast('The tokens have been renewed. The refresh token before cannot be used again.');
  };
  const revoke = async () => {
    await send('revoke', { token: token.refresh_token ?? token.access_token });
    setToken(null);
    toast('The session has ended.');
  };
  return html`<${View} title="Try it" lead="Get a token as an application does, and see what it says. It is a session of its own: yours is not touched.">
    <${Card} title="Get a token">
      <${Form} submit=${signIn}>
        <div class="fields">
          <${Field} label="Username or email address" name="username" required autocapitalize="none" autocomplete="off" spellcheck=${false} />
          <${PasswordField} label="Password" name="password" required autocomplete="off" />
          <${Field} label="Scopes" name="scope" autocapitalize="none" autocomplete="off" hint="Separated by spaces; empty for all" />
        </div>
        <div class="actions"><${Submit}>Get a token<//></div>
      <//>
    <//>
    ${token && html`<${Token} token=${token} refresh=${refresh} revoke=${revoke} />`}
    <${Look} />
  <//>`;
}

/** send sends a form without the cookies of the console. */
async function send(path, form) {
  const response = await fetch(new URL(path, root), {
    method: 'POST', credentials: 'omit', cache: 'no-store', body: new URLSearchParams(form),
  }).catch(() => { throw new ApiError(0, { code: 'network' }); });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ApiError(response.status, body, response);
  }
  return body;
}

function Token({ token, refresh, revoke }) {
  const [answer, setAnswer] = useState(null);
  const ask = async () => {
    const response = await fetch(new URL('userinfo', root), { credentials: 'omit', headers: { Authorization: `Bearer ${token.access_token}` } });
    setAnswer({ status: response.status, text: JSON.stringify(await response.json(), null, 2) });
  };
  const actions = html`<${Button} onClick=${ask}>Call /userinfo<//>
    ${token.refresh_token && html`<${Button} onClick=${refresh}>Refresh<//>`}<${Button} onClick=${revoke}>Revoke<//>`;
  return html`<${Card} title="The response" actions=${actions}>
    <${Facts} of=${[['Type', token.token_type], ['Expires in', `${token.expires_in} s`], ['Scope', token.scope],
      ['Access token', html`<${Copy} text=${token.access_token} label="Copy the access token" />`],
      ['Refresh token', token.refresh_token && html`<${Copy} text=${token.refresh_token} label="Copy the refresh token" />`]]} />
    ${answer && html`<div data-answer><p class="muted">GET /userinfo returned ${answer.status}</p><pre>${answer.text}</pre></div>`}
    <${Inside} text=${token.access_token} />
    <${Explain} key=${token.access_token} text=${token.access_token} />
  <//>`;
}

function Look() {
  const [text, setText] = useState('');
  return html`<${Card} title="Look inside a token" lead="The token stays in this browser until you press Explain. Before that, nothing is verified: anyone can write a token that says anything.">
    <div class="field"><label for="token">Token</label>
      <textarea id="token" rows="4" spellcheck=${false} autocomplete="off" onInput=${event => setText(event.target.value.trim())}></textarea></div>
    ${text && html`<${Inside} text=${text} /><${Explain} key=${text} text=${text} />`}
  <//>`;
}

const meanings = {
  iss: 'who issued it', sub: 'whose it is', aud: 'which API it is for', client_id: 'which application asked for it',
  scope: 'what it allows', roles: 'the roles of the user', sid: 'the session', jti: 'its id', typ: 'the kind of token', alg: 'the signature algorithm', kid: 'the signing key',
};

function part(text) {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), character => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Inside shows the header and the claims of a JWT (RFC 7519). */
function Inside({ text }) {
  let header, claims;
  try {
    const parts = text.split('.');
    if (parts.length !== 3) {
      throw new Error('not a JWT');
    }
    [header, claims] = [part(parts[0]), part(parts[1])];
  } catch {
    return html`<${Note} kind="warn"><p>This is not a JWT. A refresh token, which begins with rt_, has no content that can be read.</p><//>`;
  }
  const expired = claims.exp * 1000 < Date.now();
  const value = (name, content) => ['exp', 'iat', 'nbf'].includes(name) && Number.isFinite(content)
    ? html`${formatTime(content * 1000)} <span class="muted">(${formatAgo(content * 1000)})</span> ${name === 'exp' && expired && html`<${Badge} kind="bad">expired<//>`}`
    : html`<code>${typeof content === 'string' ? content : JSON.stringify(content)}</code> <span class="muted">${meanings[name]}</span>`;
  const facts = of => Object.entries(of).map(([name, content]) => [name, value(name, content)]);
  return html`<div class="stack" data-inside><h3>Header</h3><${Facts} of=${facts(header)} /><h3>Claims</h3><${Facts} of=${facts(claims)} /></div>`;
}

/** Explain asks the service why an operation accepts or rejects a token. */
function Explain({ text }) {
  const [answer, setAnswer] = useState(null);
  const operations = useLoad(async options => guarded(await get('openapi.json', options)));
  const ask = async ({ operation }) => {
    setAnswer(null);
    setAnswer(await post('api/tokens/explain', operation ? { token: text, operation } : { token: text }));
  };
  return html`<div class="stack" data-explain><h3>Why is it accepted or rejected?</h3>
    <${Loaded} of=${operations}>${list => html`<${Form} submit=${ask}>
      <${Field} label="Operation" name="operation" as="select" hint="What the token is to be used for">
        <option value="">None: check only the token</option>
        ${list.map(({ id, route }) => html`<option value=${id}>${route}</option>`)}
      <//>
      <div class="actions"><${Submit} kind="">Explain<//></div>
    <//>`}<//>
    <div role="status">${answer && html`<${Verdict} of=${answer} />`}</div></div>`;
}

/** guarded lists the operations of a contract that need an access token. */
const guarded = contract => Object.entries(contract.paths).flatMap(([path, item]) => Object.entries(item)
  .filter(([, operation]) => operation.security?.some(scheme => scheme.oauth2Password))
  .map(([method, operation]) => ({ id: operation.operationId, route: `${method.toUpperCase()} ${path}` })));

const kinds = { ok: 'good', failed: 'bad', skipped: 'warn' };

function Verdict({ of }) {
  const kind = { 200: 'good', 0: 'warn' }[of.status] ?? 'bad';
  return html`<div class="stack" data-verdict><${Note} kind=${kind}><p data-result>${of.result}</p><//>
    <ul class="items">${of.checks.map(({ check, status, text }) => html`<li><${Badge} kind=${kinds[status]}>${status}<//>
      <span class="grow"><strong>${check}</strong> ${text}</span></li>`)}</ul></div>`;
}
