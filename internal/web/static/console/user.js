// One user: profile, roles, sessions, audit trail, and what an administrator can do.
import { html } from '../lib.js';
import { del, get, post, put } from '../api.js';
import { navigate } from '../router.js';
import { Badge, Button, Confirm, Copy, Dialog, Empty, Field, Form, Table, Time, toast, useLoad } from '../ui.js';
import { Actions, Card, Facts, Loaded, Typed, View, at, changer, useDialog } from './parts.js';
import { EventTable } from './events.js';
import { State } from './users.js';
import { can } from './session.js';

export function User({ id }) {
  const user = useLoad(options => get(`api/users/${encodeURIComponent(id)}`, options), [id]);
  return html`<${View} title=${user.data?.username ?? 'User'} lead=${user.data?.name}>
    <${Loaded} of=${user}>${data => html`
      <${Profile} user=${data} reload=${user.reload} />
      <${Roles} user=${data} reload=${user.reload} />
      <${Sessions} user=${data} />
      ${can('audit:read') && html`<${Trail} user=${data} />`}
      ${can('users:write') && html`<${Danger} user=${data} />`}
    `}<//>
  <//>`;
}

function Profile({ user, reload }) {
  const [dialog, open] = useDialog();
  const path = `api/users/${user.id}`;
  const change = changer(path, reload);
  const actions = can('users:write') && html`
    <${Button} onClick=${() => open(close => html`<${Edit} user=${user} change=${change} close=${close} />`)}>Edit<//>
    ${!user.email_verified && html`<${Button} onClick=${() => change({ email_verified: true }, 'The email address is confirmed.')}>Confirm email address<//>`}
    ${user.active ? html`<${Button} onClick=${() => open(close => html`<${Disable} user=${user} change=${change} close=${close} />`)}>Disable<//>`
      : html`<${Button} onClick=${() => change({ active: true }, `${user.username} can sign in again.`)}>Enable<//>`}
    <${Button} onClick=${() => open(close => html`<${Reset} user=${user} reload=${reload} close=${close} />`)}>Force reset<//>`;
  return html`<${Card} title="Profile" actions=${actions}>
    <${Facts} of=${[
      ['Username', user.username], ['Name', user.name],
      ['Email address', html`${user.email} ${user.email_verified ? html`<${Badge} kind="good">confirmed<//>` : html`<${Badge} kind="warn">unverified<//>`}`],
      ['State', html`<${State} user=${user} /> ${user.disabled_until && html`until <${Time} value=${user.disabled_until} exact />`}`],
      ['Id', html`<${Copy} text=${user.id} label="Copy the id" />`],
      ['Created', html`<${Time} value=${user.created_at} exact />`], ['Changed', html`<${Time} value=${user.updated_at} exact />`],
    ]} />
    ${dialog}
  <//>`;
}

function Edit({ user, change, close }) {
  const submit = async values => {
    const changed = Object.entries(values).filter(([name, value]) => value !== (user[name] ?? ''));
    if (changed.length > 0) {
      await change(Object.fromEntries(changed), 'Saved.');
    }
    close();
  };
  return html`<${Dialog} title="Edit the profile" onClose=${close}><${Form} submit=${submit}>
    <${Field} label="Username" name="username" value=${user.username} required maxlength="64" autocapitalize="none" autocomplete="off" />
    <${Field} label="Email address" name="email" type="email" value=${user.email} required maxlength="254" autocomplete="off" />
    <${Field} label="Name" name="name" value=${user.name ?? ''} maxlength="200" autocomplete="off" />
    <${Actions} close=${close} kind="primary">Save<//>
  <//><//>`;
}

function Disable({ user, change, close }) {
  const submit = async values => {
    const body = { active: false };
    if (values.until) {
      body.disabled_until = new Date(values.until).toISOString();
    }
    await change(body, `${user.username} is disabled.`);
    close();
  };
  return html`<${Dialog} title=${`Disable ${user.username}?`} onClose=${close}><${Form} submit=${submit}>
    <p>All sessions end, and ${user.username} cannot sign in.</p>
    <${Field} label="Until" name="until" type="datetime-local" hint="Leave it empty to disable the user until you enable them again." />
    <${Actions} close=${close} kind="danger">Disable<//>
  <//><//>`;
}

function Reset({ user, reload, close }) {
  const confirm = async () => {
    await post(`api/users/${user.id}/force-reset`);
    toast(`${user.email} receives an email with a link to choose a new password.`);
    close();
    await reload();
  };
  return html`<${Confirm} title="Force a new password?" action="Force reset" kind="danger" onConfirm=${confirm} onClose=${close}>
    <p>The password of ${user.username} stops working, all sessions end, and an email with a link to choose a new one is sent.</p>
  <//>`;
}

function Roles({ user, reload }) {
  const roles = useLoad(options => can('roles:write') && can('roles:read') ? get('api/roles', options) : { items: [] });
  const missing = (roles.data?.items ?? []).filter(role => !user.roles.includes(role.name));
  const path = name => `api/users/${user.id}/roles/${encodeURIComponent(name)}`;
  const grant = async ({ role }) => {
    await put(path(role));
    toast(`${user.username} has ${role} now.`);
    await reload();
  };
  const revoke = async role => {
    await del(path(role));
    toast(`${user.username} no longer has ${role}.`);
    await reload();
  };
  return html`<${Card} title="Roles" lead="Roles carry scopes. A change counts at once.">
    ${user.roles.length === 0 ? html`<p class="muted">This user has no role.</p>` : html`<ul class="items">
      ${user.roles.map(role => html`<li key=${role}><span class="grow">${role}</span>
        ${can('roles:write') && html`<${Button} kind="quiet bad" onClick=${() => revoke(role)} aria-label=${`Revoke ${role}`}>Revoke<//>`}</li>`)}
    </ul>`}
    ${missing.length > 0 && html`<${Form} submit=${grant} class="row" key=${user.roles.join()}>
      <select name="role" aria-label="Role to grant" class="filter">${missing.map(role => html`<option>${role.name}</option>`)}</select>
      <button type="submit" class="button">Grant</button>
    <//>`}
  <//>`;
}

const sessionColumns = [
  { key: 'client_id', label: 'Client', cell: one => one.client_id || 'built-in client' },
  { key: 'address', label: 'Address' },
  { key: 'user_agent', label: 'Program' },
  { key: 'created_at', label: 'Signed in', cell: one => html`<${Time} value=${one.created_at} />` },
  { key: 'last_used_at', label: 'Last used', cell: one => html`<${Time} value=${one.last_used_at} />` },
  { key: 'expires_at', label: 'Ends', cell: one => html`<${Time} value=${one.expires_at} />` },
];

function Sessions({ user }) {
  const sessions = useLoad(options => get(`api/users/${user.id}/sessions`, options), [user.id, user.updated_at]);
  const [dialog, open] = useDialog();
  const signOut = close => async () => {
    await del(`api/users/${user.id}/sessions`);
    toast(`${user.username} is signed out everywhere.`);
    close();
    await sessions.reload();
  };
  const ask = () => open(close => html`<${Confirm} title=${`Sign out ${user.username}?`} action="Sign out" kind="danger" onConfirm=${signOut(close)} onClose=${close}>
    <p>All sessions end at once.</p><//>`);
  const actions = can('users:write') && sessions.data?.items.length > 0 && html`<${Button} onClick=${ask}>Sign out everywhere<//>`;
  return html`<${Card} title="Sessions" actions=${actions}>
    <${Loaded} of=${sessions}>${data => data.items.length === 0 ? html`<p class="muted">Not signed in.</p>`
      : html`<${Table} caption="Sessions" columns=${sessionColumns} rows=${data.items} />`}<//>
    ${dialog}
  <//>`;
}

function Trail({ user }) {
  const events = useLoad(options => get(`api/audit?limit=20&user=${user.id}`, options), [user.id, user.updated_at, user.roles.join()]);
  return html`<${Card} title="Audit trail" actions=${html`<a class="button quiet" href=${at(`audit?user=${user.id}`)}>All events</a>`}>
    <${Loaded} of=${events}>${page => page.items.length === 0 ? html`<${Empty} title="No events" />`
      : html`<${EventTable} events=${page.items} />`}<//>
  <//>`;
}

function Danger({ user }) {
  const [dialog, open] = useDialog();
  const remove = async () => {
    await del(`api/users/${user.id}`);
    toast(`${user.username} is deleted.`);
    navigate(at('users'));
  };
  const ask = () => open(close => html`<${Typed} title=${`Delete ${user.username}?`} name=${user.username} action="Delete for good" onConfirm=${remove} close=${close}>
    <p>The user, the roles and all sessions are deleted. The audit log keeps its events. This cannot be undone.</p><//>`);
  return html`<${Card} kind="danger" title="Delete this user" lead="Disable the user instead if you may need the account again."
    actions=${html`<${Button} kind="danger" onClick=${ask}>Delete<//>`}>${dialog}<//>`;
}

