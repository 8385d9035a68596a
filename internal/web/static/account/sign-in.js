// Sign in, sign up, and the requests for a link by email.
import { html, useEffect, useState } from '../lib.js';
import { nextURL, post, signIn, user } from '../api.js';
import { navigate, query } from '../router.js';
import { Field, Form, Heading, Note, PasswordField, Submit } from '../ui.js';
import { t } from '../texts.js';
import { backTo } from './return.js';
import { url } from './routes.js';

const mayRegister = document.documentElement.dataset.signup === 'true';

// goOn leads to where the user wanted to go: the page of this service that required to sign in, else the
// application that led here, else the profile.
function goOn() {
  const next = query.value.has('next') ? nextURL('account') : null;
  if (!next && backTo) {
    location.assign(backTo.href);
  } else if (next && !new URL(next).pathname.startsWith(url(''))) {
    location.assign(next);
  } else {
    navigate(next ?? url(''), { replace: true });
  }
}

// withQuery keeps where the user wanted to go on the way from one of these views to another.
const withQuery = path => url(path) + location.search;

/** SignIn signs in. */
export function SignIn() {
  const [unconfirmed, setUnconfirmed] = useState(false);
  const submit = async ({ username, password }) => {
    try {
      await signIn(username, password);
    } catch (error) {
      setUnconfirmed(error.code === 'email_unverified');
      throw error;
    }
  };
  const signedIn = Boolean(user.value);
  useEffect(() => {
    if (signedIn) {
      goOn();
    }
  }, [signedIn]);
  return html`<main class="narrow">
    <div class="card">
      <header><${Heading}>${t('signin.title')}<//>
        ${backTo && html`<p>${t('signin.for', { host: backTo.host })}</p>`}</header>
      <${Form} submit=${submit}>
        <${Field} name="username" label=${t('signin.username')} autocomplete="username" autocapitalize="none" spellcheck=${false}
          required autofocus maxlength="254" />
        <${PasswordField} name="password" label=${t('password')} autocomplete="current-password" required maxlength="1024" />
        <${Submit} kind="primary wide">${t('signin.action')}<//>
        ${unconfirmed && html`<p><a href=${withQuery('resend')}>${t('email.again')}</a></p>`}
        <p><a href=${withQuery('forgot')}>${t('signin.forgot')}</a></p>
      <//>
    </div>
    ${mayRegister && html`<p class="below">${t('signin.new')} <a href=${withQuery('sign-up')}>${t('signup.title')}</a></p>`}
  </main>`;
}

/** SignUp creates an account and signs in, if the address need not be confirmed before. */
export function SignUp() {
  const [waiting, setWaiting] = useState('');
  const submit = async ({ username, email, password }) => {
    await post('api/auth/signup', { email, password, ...(username && { username }) }, { anonymous: true });
    try {
      await signIn(email, password);
    } catch (error) {
      if (error.code !== 'email_unverified') {
        throw error;
      }
      setWaiting(email);
    }
  };
  const signedIn = Boolean(user.value);
  useEffect(() => {
    if (signedIn) {
      goOn();
    }
  }, [signedIn]);
  if (!mayRegister) {
    return html`<${Message} title=${t('signup.title')} text=${t('error.signup_closed')} />`;
  }
  if (waiting) {
    return html`<${Message} title=${t('mailsent.title')} text=${t('signup.sent', { email: waiting })} />`;
  }
  return html`<main class="narrow">
    <div class="card">
      <header><${Heading}>${t('signup.title')}<//></header>
      <${Form} submit=${submit}>
        <${Field} name="email" type="email" label=${t('email')} autocomplete="email" required autofocus maxlength="254" />
        <${Field} name="username" label=${t('signup.username')} hint=${t('signup.username.hint')} autocomplete="username"
          autocapitalize="none" spellcheck=${false} maxlength="64" />
        <${PasswordField} name="password" label=${t('password')} autocomplete="new-password" required maxlength="1024" />
        <${Submit} kind="primary wide">${t('signup.action')}<//>
      <//>
    </div>
    <p class="below">${t('signup.have')} <a href=${withQuery('sign-in')}>${t('signin.title')}</a></p>
  </main>`;
}

/** Forgot requests the link that sets a new password. */
export const Forgot = () => html`<${RequestLink} name="forgot" path="api/auth/forgot-password" />`;

/** Resend requests the link that confirms an email address again, for users who cannot sign in before that. */
export const Resend = () => html`<${RequestLink} name="resend" path="api/auth/verify-email/request" />`;

// RequestLink requests an email with a link. What it says does not tell who has an account.
function RequestLink({ name, path }) {
  const [sent, setSent] = useState('');
  if (sent) {
    return html`<${Message} title=${t('mailsent.title')} text=${t(`${name}.sent`, { email: sent })} />`;
  }
  return html`<main class="narrow">
    <div class="card">
      <header><${Heading}>${t(`${name}.title`)}<//><p>${t(`${name}.text`)}</p></header>
      <${Form} submit=${async ({ email }) => { await post(path, { email }, { anonymous: true }); setSent(email); }}>
        <${Field} name="email" type="email" label=${t('email')} autocomplete="email" required autofocus maxlength="254" />
        <${Submit} kind="primary wide">${t('forgot.action')}<//>
      <//>
    </div>
    <p class="below"><a href=${withQuery('sign-in')}>${t('tosignin')}</a></p>
  </main>`;
}

/** Message is a view that only says something. */
export function Message({ title, text, children }) {
  useEffect(() => document.querySelector('h1').focus(), []);
  return html`<main class="narrow">
    <div class="card"><header><${Heading}>${title}<//></header><${Note}>${text}<//>${children}</div>
    <p class="below"><a href=${withQuery('sign-in')}>${t('tosignin')}</a></p>
  </main>`;
}
