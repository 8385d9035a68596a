// The account pages: which view is shown, and what surrounds it.
import { html, render, useEffect, useRef } from '../lib.js';
import { loadUser, onSessionEnd, signInURL, user } from '../api.js';
import { navigate } from '../router.js';
import { ErrorNote, LanguageMenu, Loading, Messages, Top, toast, useLoad } from '../ui.js';
import { t } from '../texts.js';
import { Data } from './data.js';
import { Email } from './email.js';
import { Reset, Verify } from './links.js';
import { NotFound } from './notfound.js';
import { Password } from './password.js';
import { Profile } from './profile.js';
import { backTo } from './return.js';
import { createAccountRouter } from './routes.js';
import { Sessions } from './sessions.js';
import { Forgot, Resend, SignIn, SignUp } from './sign-in.js';
import { SignOut } from './sign-out.js';

const menu = ['', 'email', 'password', 'sessions', 'data'];

const { Router, url, current } = createAccountRouter({
  '': guarded(Profile), email: guarded(Email), password: guarded(Password), sessions: guarded(Sessions), data: guarded(Data),
  'sign-in': SignIn, 'sign-up': SignUp, forgot: Forgot, resend: Resend, verify: Verify, reset: Reset,
}, NotFound);

// guarded shows a view with the navigation to a user, and leads everyone else to the sign-in page.
function guarded(View) {
  return function Guarded(properties) {
    const nobody = user.value === null;
    useEffect(() => {
      if (nobody) {
        navigate(signInURL(), { replace: true });
      }
    }, [nobody]);
    if (!user.value) {
      return html`<main class="narrow"><${Loading} /></main>`;
    }
    return html`<div class="split"><${Navigation} /><main><${View} ...${properties} /></main></div>`;
  };
}

function Navigation() {
  const list = useRef(null);
  useEffect(() => { // on a narrow screen the list scrolls
    list.current.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [current.value]);
  return html`<nav class="nav" aria-label=${t('nav')}><ul ref=${list}>
    ${menu.map(path => html`<li><a href=${url(path)} aria-current=${path === current.value ? 'page' : undefined}>
      ${t(`nav.${path || 'profile'}`)}</a></li>`)}
  </ul></nav>`;
}

function Account() {
  const { error, reload } = useLoad(loadUser);
  return html`<${Top} home=${url('')}>
      <div class="end">
        ${backTo && html`<a class="small" href=${backTo.href}>${t('back', { host: backTo.host })}</a>`}
        ${user.value && html`<${SignOut} />`}
      </div>
    <//>
    ${error ? html`<main class="narrow"><${ErrorNote} error=${error} retry=${reload} /></main>` : html`<${Router} />`}
    <footer class="footer"><${LanguageMenu} /></footer>
    <${Messages} />`;
}

// The session has ended, perhaps on another device: the user signs in and comes back to the same view.
onSessionEnd(before => {
  if (before) {
    toast(t('session.ended'), '');
  }
});

// Another tab may have signed out or in.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && user.value !== undefined) {
    loadUser().catch(() => {});
  }
});

const app = document.querySelector('#app');
app.replaceChildren();
render(html`<${Account} />`, app);
