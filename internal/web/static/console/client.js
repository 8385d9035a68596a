// One client: its settings and its secrets, of which two work while it changes to the new one.
import { html } from '../lib.js';
import { del, get, post } from '../api.js';
import { navigate } from '../router.js';
import { Badge, Button, Dialog, Field, Form, Note, Time, toast, useLoad } from '../ui.js';
import { Actions, Card, Checks, Facts, Loaded, Names, Secret, Typed, View, at, checkedOf, changer, useDialog } from './parts.js';
import { grants } from './clients.js';
import { can } from './session.js';

export function Client({ id }) {
  const path = `api/clients/${encodeURIComponent(id)}`;
  const client = useLoad(options => get(path, options), [id]);
  return html`<${View} title=${id} lead=${client.data?.name}>
    <${Loaded} of=${client}>${data => html`
      <${About} client=${data} path=${path} reload=${client.reload} />
      ${!data.public && html`<${Secrets} client=${data} path=${path} reload=${client.reload} />`}
      ${can('clients:write') && html`<${Danger} client=${data} path=${path} />`}`}<//>
  <//>`;
}

const seconds = n => n ? `${n} s` : null;

function About({ client, path, reload }) {
  const [dialog, open] = useDialog();
  const change = changer(path, reload);
  const actions = can('clients:write') && html`
    <${Button} onClick=${() => open(close => html`<${Edit} client=${client} change=${change} close=${close} />`)}>Edit<//>
    ${client.active ? html`<${Button} onClick=${() => change({ active: false }, `${client.id} is disabled, and its sessions end.`)}>Disable<//>`
      : html`<${Button} onClick=${() => change({ active: true }, `${client.id} is active.`)}>Activate<//>`}`;
  return html`<${Card} title="Settings" actions=${actions}>
    <${Facts} of=${[
      ['Kind', client.public ? 'public' : 'confidential'], ['First party', client.first_party ? 'yes' : 'no'],
      ['State', client.active ? html`<${Badge} kind="good">active<//>` : html`<${Badge} kind="bad">disabled<//>`],
      ['Grants', html`<${Names} of=${client.grants} />`], ['Scopes', html`<${Names} of=${client.scopes} none="all of the user" />`],
      ['Audiences', html`<${Names} of=${client.audiences} none="the default of the service" />`],
      ['Access tokens last', seconds(client.access_ttl_seconds)], ['Sessions end unused after', seconds(client.session_idle_seconds)],
      ['Sessions end after', seconds(client.session_max_seconds)], ['Algorithm', client.access_token_algorithm],
      ['Claims', client.claims && html`<code>${JSON.stringify(client.claims)}</code>`], ['Created', html`<${Time} value=${client.created_at} exact />`],
    ]} />
    ${dialog}
  <//>`;
}

function Edit({ client, change, close }) {
  const submit = async (values, form) => {
    await change({
      name: values.name, grants: checkedOf(form, 'grants'), scopes: values.scopes.split(/\s+/).filter(Boolean),
      audiences: values.audiences.split(/\s+/).filter(Boolean),
    }, 'Saved.');
    close();
  };
  return html`<${Dialog} title=${`Edit ${client.id}`} onClose=${close}><${Form} submit=${submit}>
    <${Field} label="Name" name="name" value=${client.name} required maxlength="200" autocomplete="off" />
    <${Checks} label="Grants" name="grants" options=${grants} checked=${client.grants} />
    <${Field} label="Scopes" name="scopes" value=${client.scopes.join(' ')} autocomplete="off" autocapitalize="none" hint="Separated by spaces; empty for all that the user has" />
    <${Field} label="Audiences" name="audiences" value=${client.audiences.join(' ')} autocomplete="off" autocapitalize="none" hint="The APIs that its tokens are for, separated by spaces" />
    <${Actions} close=${close} kind="primary">Save<//>
  <//><//>`;
}

function Secrets({ client, path, reload }) {
  const [dialog, open] = useDialog();
  const rotate = async ({ hours }) => {
    const rotated = await post(`${path}/secrets`, { overlap_seconds: Math.round(Number(hours) * 3600) });
    await reload();
    open(close => html`<${Secret} title=${`The new secret of ${client.id}`} lead=${`The secret before it works for another ${hours} hours.`} text=${rotated.client_secret} close=${close} />`);
  };
  const ask = () => open(close => html`<${Dialog} title="Rotate the secret?" onClose=${close}><${Form} submit=${rotate}>
    <p>A new secret is made. The one before keeps working for a while, so that the client can change to the new one without an interruption.</p>
    <${Field} label="Hours that both work" name="hours" type="number" min="0" max="720" step="any" value="24" required />
    <${Actions} close=${close} kind="primary">Rotate<//>
  <//><//>`);
  return html`<${Card} title="Secrets" lead="Only hashes are stored." actions=${can('clients:write') && html`<${Button} onClick=${ask}>Rotate<//>`}>
    <ul class="items" data-secrets>${client.secrets.map(secret => html`<li><span class="grow">Created <${Time} value=${secret.created_at} exact /></span>
      ${secret.expires_at ? html`<${Badge} kind="warn">works until<//> <${Time} value=${secret.expires_at} exact />` : html`<${Badge} kind="good">current<//>`}</li>`)}</ul>
    ${client.secrets.length > 1 && html`<${Note} kind="warn"><p>Two secrets work. Change the client to the newer one before the older one ends.</p><//>`}
    ${dialog}
  <//>`;
}

function Danger({ client, path }) {
  const [dialog, open] = useDialog();
  const remove = async () => {
    await del(path);
    toast(`${client.id} is deleted.`);
    navigate(at('clients'));
  };
  const ask = () => open(close => html`<${Typed} title=${`Delete ${client.id}?`} name=${client.id} action="Delete" onConfirm=${remove} close=${close}>
    <p>Its sessions end, and it gets no tokens any more.</p><//>`);
  return html`<${Card} kind="danger" title="Delete this client" actions=${html`<${Button} kind="danger" onClick=${ask}>Delete<//>`}>${dialog}<//>`;
}
