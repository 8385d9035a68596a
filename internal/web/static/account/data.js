import { html, useState } from '../lib.js';
import { del, get, signOut, user } from '../api.js';
import { navigate } from '../router.js';
import { Button, Dialog, Form, Heading, PasswordField, Submit, brandName, toast } from '../ui.js';
import { t } from '../texts.js';
import { url } from './routes.js';

/** Data downloads what the service knows about the user, and deletes the account. */
export function Data() {
  const [deleting, setDeleting] = useState(false);
  return html`
    <${Heading}>${t('title.data')}<//>
    <section class="card" aria-labelledby="export">
      <header><h2 id="export">${t('data.export')}</h2><p>${t('data.text')}</p></header>
      <div class="actions"><${Button} onClick=${download}>${t('data.action')}<//></div>
    </section>
    <section class="card danger" aria-labelledby="delete">
      <header><h2 id="delete">${t('delete.title')}</h2><p>${t('delete.text')}</p></header>
      <div class="actions"><${Button} kind="danger" onClick=${() => setDeleting(true)}>${t('delete.open')}<//></div>
    </section>
    ${deleting && html`<${Delete} onClose=${() => setDeleting(false)} />`}`;
}

async function download() {
  const data = await get('api/auth/users/me/export');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  link.download = `${brandName}-${user.value.username}.json`.replace(/[^\p{L}\p{N}._-]+/gu, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  toast(t('data.done'));
}

function Delete({ onClose }) {
  const submit = async ({ current_password: current }) => {
    await del('api/auth/users/me', { current_password: current });
    await signOut().catch(() => {}); // the session has ended with the account; this deletes the cookies
    user.value = null;
    navigate(url('sign-in'), { replace: true });
    toast(t('delete.done'));
  };
  return html`<${Dialog} title=${t('delete.ask')} onClose=${onClose}>
    <p>${t('delete.warning', { name: user.value.username })}</p>
    <${Form} submit=${submit}>
      <${PasswordField} name="current_password" label=${t('password.current')} autocomplete="current-password" required maxlength="1024" />
      <div class="actions">
        <${Button} onClick=${onClose}>${t('action.cancel')}<//>
        <${Submit} kind="danger">${t('delete.action')}<//>
      </div>
    <//>
  <//>`;
}
