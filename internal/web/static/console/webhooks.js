// The webhooks, and a new one.
import { html } from '../lib.js';
import { get, post } from '../api.js';
import { navigate } from '../router.js';
import { Badge, Button, Dialog, Empty, Field, Form, Table, Time, useLoad } from '../ui.js';
import { Actions, Checks, Loaded, Names, Secret, View, at, checkedOf, useDialog } from './parts.js';
import { can } from './session.js';

/** The events that a webhook can receive. */
export const events = ['user.registered', 'user.verified', 'user.signed_in', 'user.password_changed', 'user.reset_requested',
  'user.disabled', 'user.deleted', 'user.role_granted', 'user.role_revoked'];

/** hookState shows whether a webhook receives events. */
export const hookState = hook => hook.active ? html`<${Badge} kind="good">active<//>` : html`<${Badge} kind="warn">paused<//>`;

const columns = [
  { key: 'url', label: 'URL', cell: hook => html`<a href=${at(`webhooks/${hook.id}`)}>${hook.url}</a>` },
  { key: 'events', label: 'Events', cell: hook => html`<${Names} of=${hook.events} none="all" />` },
  { key: 'active', label: 'State', class: 'fit', cell: hookState },
  { key: 'created_at', label: 'Created', class: 'fit', cell: hook => html`<${Time} value=${hook.created_at} />` },
];

export function Webhooks() {
  const hooks = useLoad(options => get('api/hooks', options));
  const [dialog, open] = useDialog();
  const create = () => open(close => html`<${NewHook} close=${close} show=${open} />`);
  return html`<${View} title="Webhooks" lead="Other systems learn what happens to users: each event is sent as a signed request, and again until it is accepted."
    actions=${can('hooks:write') && html`<${Button} kind="primary" onClick=${create} data-new>New webhook<//>`}>
    <section class="card"><${Loaded} of=${hooks}>${data => data.items.length === 0 ? html`<${Empty} title="No webhooks" />`
      : html`<${Table} caption="Webhooks" columns=${columns} rows=${data.items} />`}<//></section>
    ${dialog}
  <//>`;
}

function NewHook({ close, show }) {
  const submit = async (values, form) => {
    const created = await post('api/hooks', { url: values.url, events: checkedOf(form, 'events') });
    show(() => html`<${Secret} title="The secret of the webhook" lead="The receiver verifies signatures with it." text=${created.secret}
      close=${() => navigate(at(`webhooks/${created.hook.id}`))} />`);
  };
  return html`<${Dialog} title="New webhook" onClose=${close}><${Form} submit=${submit}>
    <${Field} label="URL" name="url" type="url" required maxlength="2048" placeholder="https://example.com/hook" autocomplete="off" hint="https, or http on the machine of the service" />
    <${Checks} label="Events" name="events" options=${events} hint="Choose none for all." />
    <${Actions} close=${close} kind="primary">Create<//>
  <//><//>`;
}
