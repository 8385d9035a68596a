// The views that the links in emails open.
import { html, useEffect, useState } from '../lib.js';
import { loadUser, post } from '../api.js';
import { Form, Heading, Note, PasswordField, Submit } from '../ui.js';
import { t } from '../texts.js';
import { url } from './routes.js';

// The token stands behind the #, which browsers do not send to the server. It leaves the address bar and
// the history at once.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (location.hash) {
  history.replaceState(null, '', location.pathname + location.search);
}

/** Verify confirms an email address. A program that only opens links does not. */
export function Verify() {
  const [done, setDone] = useState(false);
  const submit = async () => {
    await post('api/auth/verify-email', { token }, { anonymous: true });
    await loadUser().catch(() => {});
    setDone(true);
  };
  return html`<${Link} title=${t('title.verify')} done=${done && t('verify.done')} text=${t('verify.text')}>
    <${Form} submit=${submit}><${Submit} kind="primary wide">${t('verify.action')}<//><//>
  <//>`;
}

/** Reset sets a new password. */
export function Reset() {
  const [done, setDone] = useState(false);
  const submit = async ({ password }) => {
    await post('api/auth/reset-password', { token, password }, { anonymous: true });
    setDone(true);
  };
  return html`<${Link} title=${t('title.reset')} done=${done && t('reset.done')} text=${t('reset.text')}>
    <${Form} submit=${submit}>
      <${PasswordField} name="password" label=${t('password.new')} autocomplete="new-password" required autofocus maxlength="1024" />
      <${Submit} kind="primary wide">${t('reset.action')}<//>
    <//>
  <//>`;
}

function Link({ title, text, done, children }) {
  useEffect(() => {
    if (done) {
      document.querySelector('h1').focus();
    }
  }, [done]);
  return html`<main class="narrow"><div class="card">
    <header><${Heading}>${title}<//>${token && !done && html`<p>${text}</p>`}</header>
    ${!token && html`<${Note} kind="bad">${t('link.incomplete')}<//>`}
    ${done && html`<${Note} kind="good">${done}<//><a class="button primary" href=${url('')}>${t('toaccount')}</a>`}
    ${token && !done && children}
  </div></main>`;
}
