import { html } from '../lib.js';
import { signOut, user } from '../api.js';
import { navigate } from '../router.js';
import { Button, toast } from '../ui.js';
import { t } from '../texts.js';
import { url } from './routes.js';

/** leave ends the session and shows the sign-in page. */
export async function leave() {
  await signOut();
  navigate(url('sign-in'));
  toast(t('signedout'));
}

/** SignOut says who is signed in, and signs out. */
export function SignOut() {
  return html`<span class="who muted">${user.value.name || user.value.username}</span>
    <${Button} kind="quiet" onClick=${leave}>${t('signout')}<//>`;
}
