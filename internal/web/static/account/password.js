import { html } from '../lib.js';
import { patch, user } from '../api.js';
import { Form, Heading, PasswordField, Submit, toast } from '../ui.js';
import { t } from '../texts.js';

/** Password changes the password, which ends all other sessions. */
export function Password() {
  const submit = async ({ password, current_password: current }) => {
    user.value = await patch('api/auth/users/me', { password, current_password: current });
    toast(t('password.changed'));
  };
  return html`
    <${Heading}>${t('title.password')}<//>
    <section class="card" aria-labelledby="change">
      <header><h2 id="change">${t('password.change')}</h2><p>${t('password.text')}</p></header>
      <${Form} submit=${submit} reset>
        <input class="hidden" type="text" name="username" value=${user.value.username} autocomplete="username" tabindex="-1"
          readonly aria-hidden="true" />
        <${PasswordField} name="current_password" label=${t('password.current')} autocomplete="current-password" required maxlength="1024" />
        <${PasswordField} name="password" label=${t('password.new')} autocomplete="new-password" required maxlength="1024" />
        <div class="actions"><${Submit}>${t('password.action')}<//></div>
      <//>
    </section>`;
}
