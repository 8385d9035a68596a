import { html, useState } from '../lib.js';
import { patch, post, user } from '../api.js';
import { Badge, Button, Field, Form, Heading, Note, PasswordField, Submit, toast } from '../ui.js';
import { t } from '../texts.js';

/** SendAgain sends the link that confirms the address of the user again. */
export function SendAgain({ kind }) {
  const { email } = user.value;
  const send = async () => {
    await post('api/auth/verify-email/request', { email }, { anonymous: true });
    toast(t('email.sentagain', { email }));
  };
  return html`<${Button} kind=${kind} onClick=${send}>${t('email.again')}<//>`;
}

/** Email shows the address and whether it is confirmed, and changes it. */
export function Email() {
  const { email, email_verified: confirmed } = user.value;
  const [pending, setPending] = useState('');
  const change = async values => {
    user.value = await patch('api/auth/users/me', values);
    setPending(values.email);
  };
  return html`
    <${Heading}>${t('title.email')}<//>
    <section class="card" aria-labelledby="current">
      <div class="row between">
        <div class="stack-tight"><h2 id="current">${email}</h2>
          <p>${confirmed ? html`<${Badge} kind="good">${t('email.confirmed')}<//>` : html`<${Badge} kind="warn">${t('email.unconfirmed')}<//>`}</p></div>
        ${!confirmed && html`<${SendAgain} />`}
      </div>
    </section>
    <section class="card" aria-labelledby="change">
      <header><h2 id="change">${t('email.change')}</h2><p>${t('email.text')}</p></header>
      <div role="status">${pending && html`<${Note} kind="good">${t('email.sent', { email: pending })}<//>`}</div>
      <${Form} submit=${change} reset>
        <${Field} name="email" type="email" label=${t('email.new')} autocomplete="off" required maxlength="254" />
        <${PasswordField} name="current_password" label=${t('password.current')} autocomplete="current-password" required maxlength="1024" />
        <div class="actions"><${Submit}>${t('email.action')}<//></div>
      <//>
    </section>`;
}
