// The list of users, and a new user.
import { html } from '../lib.js';
import { get, post } from '../api.js';
import { navigate, query } from '../router.js';
import { Badge, Button, Dialog, Empty, Field, Form, PasswordField, Table, Time, toast, useLoad } from '../ui.js';
import { Actions, Checks, Filter, Loaded, Names, Pages, Search, View, at, checkedOf, parameters, useDialog } from './parts.js';
import { can } from './session.js';

const states = { active: { active: 'true' }, disabled: { active: 'false' }, unverified: { verified: 'false' } };

/** State is the state of a user. */
export function State({ user }) {
  return user.active ? html`<${Badge} kind="good">active<//>`
    : html`<${Badge} kind="bad">disabled<//>`;
}

const columns = [
  { key: 'username', label: 'User', cell: user => html`<a href=${at(`users/${user.id}`)}>${user.username}</a>` },
  { key: 'email', label: 'Email address', cell: user => html`<span>${user.email}${!user.email_verified && html` <${Badge} kind="warn">unverified<//>`}</span>` },
  { key: 'name', label: 'Name', cell: user => user.name ?? '' },
  { key: 'roles', label: 'Roles', cell: user => html`<${Names} of=${user.roles} />` },
  { key: 'active', label: 'State', class: 'fit', cell: user => html`<${State} user=${user} />` },
  { key: 'created_at', label: 'Created', class: 'fit', cell: user => html`<${Time} value=${user.created_at} />` },
];

/** useRoleNames returns the names of the roles, none until they are loaded or if they may not be read. */
function useRoleNames() {
  const roles = useLoad(options => can('roles:read') ? get('api/roles', options) : { items: [] });
  return roles.data?.items.map(role => role.name) ?? [];
}

export function Users() {
  const [q, role, state, cursor] = ['q', 'role', 'state', 'cursor'].map(name => query.value.get(name) ?? '');
  const wanted = [q, role, state, cursor].join('|');
  const users = useLoad(async options => ({ ...await get(`api/users${parameters({ q, role, cursor, ...states[state] })}`, options), wanted }), [wanted]);
  const roles = useRoleNames();
  const [dialog, open] = useDialog();
  const create = () => open(close => html`<${NewUser} close=${close} />`);
  const actions = can('users:write') && html`<a class="button" href=${at('users/import')}>Import</a>
    <${Button} kind="primary" onClick=${create} data-new>New user<//>`;
  return html`<${View} title="Users" actions=${actions}>
    <div class="toolbar" role="search">
      <${Search} label="Search by username or email address" />
      ${roles.length > 0 && html`<${Filter} label="All roles" name="role" options=${roles.map(name => [name, name])} />`}
      <${Filter} label="All states" name="state" options=${[['active', 'Active'], ['disabled', 'Disabled'], ['unverified', 'Email unverified']]} />
    </div>
    <section class=${`card ${users.data && users.data.wanted !== wanted ? 'stale' : ''}`} aria-busy=${users.loading} data-list=${users.data?.wanted}>
      <${Loaded} of=${users}>${page => page.items.length === 0
        ? html`<${Empty} title="No users found"><p>Search looks for the beginning of a username or an email address.</p><//>`
        : html`<${Table} caption="Users" columns=${columns} rows=${page.items} />`}<//>
    </section>
    <${Pages} next=${users.data?.next_cursor} path="users" />
    ${dialog}
  <//>`;
}

function NewUser({ close }) {
  const roles = useRoleNames(); // its own, because it may be opened before those of the list are loaded
  const submit = async (values, form) => {
    const body = { username: values.username, email: values.email };
    for (const name of ['name', 'password']) {
      if (values[name]) {
        body[name] = values[name];
      }
    }
    if (values.email_verified) {
      body.email_verified = true;
    }
    const chosen = checkedOf(form, 'roles');
    if (roles.length > 0) {
      body.roles = chosen;
    }
    const user = await post('api/users', body);
    toast(values.password ? `${user.username} has been created.` : `${user.email} receives an email with a link to choose a password.`);
    navigate(at(`users/${user.id}`));
  };
  return html`<${Dialog} title="New user" onClose=${close}>
    <${Form} submit=${submit}>
      <${Field} label="Username" name="username" required maxlength="64" autocapitalize="none" autocomplete="off" />
      <${Field} label="Email address" name="email" type="email" required maxlength="254" autocomplete="off" />
      <${Field} label="Name" name="name" maxlength="200" autocomplete="off" />
      <${PasswordField} label="Password" name="password" autocomplete="new-password" hint="Leave it empty to invite the user: they receive an email with a link to choose one." />
      <label class="check"><input type="checkbox" name="email_verified" /> <span>The email address is confirmed</span></label>
      ${roles.length > 0 && html`<${Checks} label="Roles" name="roles" options=${roles} checked=${['ROLE_USER']} />`}
      <${Actions} close=${close} kind="primary">Create<//>
    <//>
  <//>`;
}
