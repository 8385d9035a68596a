// The registered clients, and a new one.
import { html } from '../lib.js';
import { get, post } from '../api.js';
import { navigate, query } from '../router.js';
import { Badge, Button, Dialog, Empty, Field, Form, Table, Time, useLoad } from '../ui.js';
import { Actions, Checks, Loaded, Names, Pages, Secret, View, at, checkedOf, parameters, useDialog } from './parts.js';
import { can } from './session.js';

export const grants = ['password', 'refresh_token', 'client_credentials'];

const columns = [
  { key: 'id', label: 'Client', cell: client => html`<a href=${at(`clients/${encodeURIComponent(client.id)}`)}>${client.id}</a>` },
  { key: 'name', label: 'Name' },
  { key: 'public', label: 'Kind', class: 'fit', cell: client => client.public ? 'public' : 'confidential' },
  { key: 'grants', label: 'Grants', cell: client => html`<${Names} of=${client.grants} />` },
  { key: 'active', label: 'State', class: 'fit', cell: client => client.active ? html`<${Badge} kind="good">active<//>` : html`<${Badge} kind="bad">disabled<//>` },
  { key: 'created_at', label: 'Created', class: 'fit', cell: client => html`<${Time} value=${client.created_at} />` },
];

export function Clients() {
  const cursor = query.value.get('cursor') ?? '';
  const clients = useLoad(options => get(`api/clients${parameters({ cursor })}`, options), [cursor]);
  const [dialog, open] = useDialog();
  const create = () => open(close => html`<${NewClient} close=${close} show=${open} />`);
  return html`<${View} title="Clients" lead="The applications that may ask for tokens. Callers that name none use the built-in public client."
    actions=${can('clients:write') && html`<${Button} kind="primary" onClick=${create} data-new>New client<//>`}>
    <section class="card"><${Loaded} of=${clients}>${page => page.items.length === 0
      ? html`<${Empty} title="No clients"><p>Register one for each application.</p><//>`
      : html`<${Table} caption="Clients" columns=${columns} rows=${page.items} />`}<//></section>
    <${Pages} next=${clients.data?.next_cursor} path="clients" />
    ${dialog}
  <//>`;
}

function NewClient({ close, show }) {
  const submit = async (values, form) => {
    const created = await post('api/clients', {
      id: values.id, name: values.name, grants: checkedOf(form, 'grants'),
      public: values.kind === 'public', first_party: values.first_party === 'on',
      scopes: values.scopes.split(/\s+/).filter(Boolean),
    });
    const path = at(`clients/${encodeURIComponent(created.client.id)}`);
    if (!created.client_secret) {
      navigate(path);
      return;
    }
    show(() => html`<${Secret} title=${`The secret of ${created.client.id}`} lead="The client authenticates with its id and this secret."
      text=${created.client_secret} close=${() => navigate(path)} />`);
  };
  return html`<${Dialog} title="New client" onClose=${close}><${Form} submit=${submit}>
    <${Field} label="Id" name="id" required maxlength="64" pattern="[A-Za-z0-9._~\\-]+" autocapitalize="none" autocomplete="off" hint="Letters, digits and . _ ~ -" />
    <${Field} label="Name" name="name" required maxlength="200" autocomplete="off" />
    <${Field} label="Kind" name="kind" as="select"><option value="confidential">Confidential: a server that keeps a secret</option><option value="public">Public: an app in a browser or on a phone</option><//>
    <label class="check"><input type="checkbox" name="first_party" defaultChecked /> <span>First party: it is ours, and may ask users for their password</span></label>
    <${Checks} label="Grants" name="grants" options=${grants} checked=${['password', 'refresh_token']} />
    <${Field} label="Scopes" name="scopes" autocomplete="off" autocapitalize="none" hint="That its tokens can have, separated by spaces; empty for all that the user has" />
    <${Actions} close=${close} kind="primary">Create<//>
  <//><//>`;
}
