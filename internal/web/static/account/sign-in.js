// Sign in, sign up, and the request for a link that sets a new password.
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
      <${Form} submit=${({ username, password }) => signIn(username, password)}>
        <${Field} name="username" label=${t('signin.username')} autocomplete="username" autocapitalize="none" spellcheck=${false}
          required autofocus maxlength="254" />
        <${PasswordField} name="password" label=${t('password')} autocomplete="current-password" required maxlength="1024" />
        <${Submit} kind="primary wide">${t('signin.action')}<//>
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

/** Forgot sends the link that sets a new password. What it says does not tell who has an account. */
export function Forgot() {
  const [sent, setSent] = useState('');
  if (sent) {
    return html`<${Message} title=${t('mailsent.title')} text=${t('forgot.sent', { email: sent })} />`;
  }
  return html`<main class="narrow">
    <div class="card">
      <header><${Heading}>${t('forgot.title')}<//><p>${t('forgot.text')}</p></header>
      <${Form} submit=${async ({ email }) => { await post('api/auth/forgot-password', { email }, { anonymous: true }); setSent(email); }}>
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
