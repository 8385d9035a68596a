// Roles and the scopes that they carry.
import { html } from '../lib.js';
import { del, get, put } from '../api.js';
import { Badge, Button, Dialog, Field, Form, Table, toast, useLoad } from '../ui.js';
import { Actions, Checks, Loaded, Names, Typed, View, at, checkedOf, useDialog, actionsLabel } from './parts.js';
import { allScopes, can } from './session.js';

const permanent = 'ROLE_ADMIN'; // it has all scopes

export function Roles() {
  const roles = useLoad(options => get('api/roles', options));
  const [dialog, open] = useDialog();
  const edit = role => () => open(close => html`<${Edit} role=${role} close=${close} reload=${roles.reload} />`);
  const remove = (role, close) => async () => {
    await del(`api/roles/${encodeURIComponent(role.name)}`);
    toast(`${role.name} is deleted.`);
    close();
    await roles.reload();
  };
  const askRemove = role => () => open(close => html`<${Typed} title=${`Delete ${role.name}?`} name=${role.name} action="Delete" onConfirm=${remove(role, close)} close=${close}>
    <p>All users lose this role and the scopes that it carries.</p><//>`);
  const columns = [
    { key: 'name', label: 'Role', cell: role => html`<span><a href=${at(`users?role=${encodeURIComponent(role.name)}`)} title="Users with this role">${role.name}</a> ${role.builtin && html`<${Badge}>built in<//>`}</span>` },
    { key: 'scopes', label: 'Scopes', cell: role => html`<${Names} of=${role.scopes} />` },
    { key: 'actions', label: actionsLabel, class: 'fit', cell: role => can('roles:write') && html`<span class="row">
      ${role.name !== permanent && html`<${Button} kind="quiet" onClick=${edit(role)} aria-label=${`Edit ${role.name}`}>Edit<//>`}
      ${!role.builtin && html`<${Button} kind="quiet bad" onClick=${askRemove(role)} aria-label=${`Delete ${role.name}`}>Delete<//>`}</span>` },
  ];
  return html`<${View} title="Roles" lead="A user has roles, and a role carries scopes: what the tokens of the user allow."
    actions=${can('roles:write') && html`<${Button} kind="primary" onClick=${edit(null)} data-new>New role<//>`}>
    <section class="card"><${Loaded} of=${roles}>${data => html`<${Table} caption="Roles" columns=${columns} rows=${data.items} rowKey=${role => role.name} />`}<//></section>
    ${dialog}
  <//>`;
}

function Edit({ role, close, reload }) {
  const known = [...new Set([...allScopes(), ...role?.scopes ?? []])].sort();
  const submit = async (values, form) => {
    const name = role?.name ?? values.name;
    await put(`api/roles/${encodeURIComponent(name)}`, { scopes: checkedOf(form, 'scopes') });
    toast(`${name} is saved.`);
    close();
    await reload();
  };
  return html`<${Dialog} title=${role ? `Edit ${role.name}` : 'New role'} onClose=${close}><${Form} submit=${submit}>
    ${!role && html`<${Field} label="Name" name="name" value="ROLE_" required pattern="ROLE_[A-Z0-9_]+" maxlength="64" autocomplete="off" hint="ROLE_ and uppercase letters, digits or underscores" />`}
    <${Checks} label="Scopes" name="scopes" options=${known} checked=${role?.scopes ?? ['profile']} hint="You can only give scopes that you have yourself. For those of your own APIs use the command: latchkey role put" />
    <${Actions} close=${close} kind="primary">Save<//>
  <//><//>`;
}
