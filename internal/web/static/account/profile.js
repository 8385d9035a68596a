import { html } from '../lib.js';
import { patch, user } from '../api.js';
import { Badge, Field, Form, Heading, Submit, Time, toast } from '../ui.js';
import { t } from '../texts.js';

/** Profile shows who the user is, and changes it. */
export function Profile() {
  const { username, name = '', picture = '', roles, id, created_at: created } = user.value;
  const submit = async values => {
    // Only what has changed: the service looks at what it is sent.
    const changes = Object.fromEntries(Object.entries(values).filter(([key, value]) => value !== (user.value[key] ?? '')));
    user.value = await patch('api/auth/users/me', changes);
    toast(t('saved'));
  };
  return html`
    <header class="person">
      <${Initials} name=${name || username} />
      <div><${Heading}>${name || username}<//><p class="muted">${user.value.email}</p></div>
    </header>
    <section class="card" aria-labelledby="edit">
      <header><h2 id="edit">${t('profile.edit')}</h2><p>${t('profile.text')}</p></header>
      <${Form} submit=${submit}>
        <div class="fields">
          <${Field} name="name" label=${t('profile.name')} value=${name} autocomplete="name" maxlength="200" />
          <${Field} name="username" label=${t('profile.username')} value=${username} autocomplete="username" autocapitalize="none"
            spellcheck=${false} required maxlength="64" />
        </div>
        <${Field} name="picture" type="url" label=${t('profile.picture')} hint=${t('profile.picture.hint')} value=${picture}
          autocomplete="photo" maxlength="2048" />
        <div class="actions"><${Submit}>${t('save')}<//></div>
      <//>
    </section>
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">${t('profile.facts')}</h2>
      <dl class="facts">
        <dt>${t('profile.since')}</dt><dd><${Time} value=${created} exact /></dd>
        <dt>${t('profile.roles')}</dt><dd><span class="row">${roles.map(role => html`<${Badge} key=${role}>${role}<//>`)}</span></dd>
        <dt>${t('profile.id')}</dt><dd><code>${id}</code></dd>
      </dl>
    </section>`;
}

// Initials stands for a picture. Pictures are elsewhere, and loading them would tell others who looks.
function Initials({ name }) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map(word => [...word ?? ''][0] ?? '').join('');
  return html`<span class="initials" aria-hidden="true">${letters.toLocaleUpperCase()}</span>`;
}
