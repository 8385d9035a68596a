// The views that the links in emails open.
import { html, useEffect, useState } from '../lib.js';
import { loadUser, post, user } from '../api.js';
import { ErrorNote, Form, Heading, Note, PasswordField, Submit } from '../ui.js';
import { t } from '../texts.js';
import { SendAgain } from './email.js';
import { url } from './routes.js';

// The token stands behind the #, which browsers do not send to the server. It leaves the address bar and
// the history at once.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (location.hash) {
  history.replaceState(null, '', location.pathname + location.search);
}
// Another link that is opened in the same tab changes nothing but the part behind the #.
addEventListener('hashchange', () => location.reload());

/** Verify confirms an email address. A program that only opens links does not. */
export function Verify() {
  const link = useLink(async () => {
    await post('api/auth/verify-email', { token }, { anonymous: true });
    await loadUser().catch(() => {});
  });
  return html`<${Link} link=${link} title=${t('title.verify')} text=${t('verify.text')} done=${t('verify.done')} another=${html`<${ConfirmOtherwise} />`}>
    <${Form} submit=${link.follow}><${Submit} kind="primary wide">${t('verify.action')}<//><//>
  <//>`;
}

// ConfirmOtherwise leads on from a link that confirms nothing. Only users who are signed in learn whether there is
// still something to confirm.
function ConfirmOtherwise() {
  if (user.value === null) {
    return html`<a class="button primary" href=${url('resend')}>${t('link.another')}</a>`;
  }
  return user.value && html`${!user.value.email_verified && html`<${SendAgain} kind="primary" />`}
    <a class="button" href=${url('email')}>${t('link.toemail')}</a>`;
}

/** Reset sets a new password. */
export function Reset() {
  const link = useLink(({ password }) => post('api/auth/reset-password', { token, password }, { anonymous: true }));
  const another = html`<a class="button primary" href=${url('forgot')}>${t('link.another')}</a>`;
  return html`<${Link} link=${link} title=${t('title.reset')} text=${t('reset.text')} done=${t('reset.done')} another=${another}>
    <${Form} submit=${link.follow}>
      <${PasswordField} name="password" label=${t('password.new')} autocomplete="new-password" required autofocus maxlength="1024" />
      <${Submit} kind="primary wide">${t('reset.action')}<//>
    <//>
  <//>`;
}

// useLink returns {follow, done, error}: follow calls use, which sends the token, and error says that the token never
// works. Other errors are for the form, because the user can try again.
function useLink(use) {
  const [state, setState] = useState({ done: false, error: null });
  const follow = async values => {
    try {
      await use(values);
      setState({ done: true, error: null });
    } catch (error) {
      if (error.code !== 'invalid_one_time_token') {
        throw error;
      }
      setState({ done: false, error });
    }
  };
  return { follow, ...state };
}

// Link shows the form of a link while the link can work, then what came of it. another is how to get one that works.
function Link({ link, title, text, done, another, children }) {
  const works = token && !link.error;
  useEffect(() => {
    if (link.done || link.error) {
      document.querySelector('h1').focus();
    }
  }, [link.done, link.error]);
  return html`<main class="narrow"><div class="card">
    <header><${Heading}>${title}<//>${works && !link.done && html`<p>${text}</p>`}</header>
    ${!token && html`<${Note} kind="bad">${t('link.incomplete')}<//>`}
    <${ErrorNote} error=${link.error} />
    ${link.done && html`<${Note} kind="good">${done}<//><a class="button primary" href=${url('')}>${t('toaccount')}</a>`}
    ${works ? !link.done && children : another}
  </div></main>`;
}
