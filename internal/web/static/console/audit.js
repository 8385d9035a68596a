// The audit log: filter, export, and new events as they happen.
import { html, useEffect, useRef, useState } from '../lib.js';
import { ApiError, get } from '../api.js';
import { query, setQuery } from '../router.js';
import { formatNumber } from '../texts.js';
import { Button, Empty, announce, toast, useLoad } from '../ui.js';
import { Filter, Loaded, Pages, View, csv, download, parameters } from './parts.js';
import { EventTable, isId } from './events.js';
import { can } from './session.js';

const actions = ['user.registered', 'user.created', 'user.updated', 'user.verified', 'user.signed_in', 'user.disabled', 'user.enabled', 'user.deleted',
  'user.imported', 'user.email_change_requested', 'user.password_changed', 'user.reset_requested', 'user.role_granted', 'user.role_revoked',
  'session.ended', 'session.all_ended', 'session.refresh_reused', 'session.token_revoked', 'client.token_issued', 'client.created', 'client.updated',
  'client.deleted', 'client.secret_rotated', 'client.token_key_rotated', 'client.authentication_failed', 'role.changed', 'role.deleted',
  'hook.created', 'hook.updated', 'hook.deleted', 'key.rotated', 'key.revoked', 'database.restored'];
const fields = ['at', 'action', 'outcome', 'reason', 'actor', 'actor_id', 'client_id', 'target', 'target_id', 'address', 'user_agent', 'request_id', 'id'];
const tailEvery = 2000;
const exportLimit = 50_000;

export function Audit() {
  const filter = Object.fromEntries(['action', 'outcome', 'user'].map(name => [name, query.value.get(name) ?? '']));
  const cursor = query.value.get('cursor') ?? '';
  const key = Object.values(filter).join('|');
  const events = useLoad(async options => get(`api/audit${parameters({ ...await withUserId(filter, options), cursor })}`, options), [key, cursor]);
  const live = query.value.get('live') === 'on' && !cursor;
  const saver = useSave(filter);
  useTail(live, events);
  const buttons = html`
    <${Button} onClick=${() => setQuery({ live: live ? null : 'on', cursor: null })} aria-pressed=${live}>${live ? 'Stop following' : 'Follow'}<//>
    <${Button} onClick=${() => saver.save('csv')}>${saver.count === null ? 'Export CSV' : `${formatNumber(saver.count)} …`}<//>
    <${Button} onClick=${() => saver.save('ndjson')}>Export JSON<//>`;
  return html`<${View} title="Audit log" lead="Who did what, newest first. Failed attempts are included." actions=${buttons}>
    <div class="toolbar" role="search">
      <${Filter} label="All actions" name="action" options=${actions.map(action => [action, action])} />
      <${Filter} label="All outcomes" name="outcome" options=${[['success', 'Succeeded'], ['failure', 'Failed']]} />
      <${UserFilter} value=${filter.user} />
    </div>
    <section class=${`card ${events.loading && events.data && !live ? 'stale' : ''}`}>
      <${Loaded} of=${events}>${page => page.items.length === 0 ? html`<${Empty} title="No events" />` : html`<${EventTable} events=${page.items} />`}<//>
    </section>
    ${!live && html`<${Pages} next=${events.data?.next_cursor} path="audit" />`}
  <//>`;
}

function UserFilter({ value }) {
  const label = can('users:read') ? 'Username, email address or id' : 'Id of a user';
  const input = useRef(null);
  useEffect(() => { // the address has changed
    input.current.value = value;
  }, [value]);
  const change = event => setQuery({ user: event.target.value.trim(), cursor: null });
  return html`<input ref=${input} name="user" type="search" class="search" data-search aria-label=${label} placeholder=${label}
    onChange=${change} autocapitalize="none" spellcheck=${false} autocomplete="off" />`;
}

// withUserId returns a filter as the API takes it, which knows users by id.
async function withUserId(filter, options) {
  const { user } = filter;
  if (!user || isId(user)) {
    return filter;
  }
  if (!can('users:read')) {
    throw new ApiError(403, { detail: 'enter the id of a user; finding users by name needs the scope users:read' });
  }
  const { items } = await get(`api/users${parameters({ [user.includes('@') ? 'email' : 'username']: user })}`, options);
  if (items.length === 0) {
    throw new ApiError(404, { detail: `there is no user ${user}; if they have been deleted, enter their id` });
  }
  return { ...filter, user: items[0].id };
}

// useTail asks for new events while live.
function useTail(live, events) {
  const latest = useRef(events);
  latest.current = events;
  const newest = useRef(null);
  useEffect(() => {
    if (!live) {
      return undefined;
    }
    announce('Following new events');
    const timer = setInterval(() => document.visibilityState === 'visible' && latest.current.reload(), tailEvery);
    return () => clearInterval(timer);
  }, [live]);
  useEffect(() => { // marks what has arrived
    const items = events.data?.items ?? [];
    const before = newest.current;
    newest.current = items[0]?.id ?? null;
    if (live && before) {
      const arrived = items.findIndex(event => event.id === before);
      document.querySelectorAll('.table tbody tr').forEach((row, i) => row.classList.toggle('new', i < arrived));
    }
  }, [events.data]);
}

// useSave reads all pages and saves them as a file.
function useSave(filter) {
  const [count, setCount] = useState(null);
  const save = async format => {
    const all = [];
    let cursor = '';
    try {
      const wanted = await withUserId(filter);
      do {
        const page = await get(`api/audit${parameters({ ...wanted, cursor, limit: 200 })}`);
        all.push(...page.items);
        cursor = page.next_cursor ?? '';
        setCount(all.length);
      } while (cursor && all.length < exportLimit);
    } finally {
      setCount(null);
    }
    if (cursor) {
      toast(`Only the newest ${formatNumber(all.length)} events are in the file. Narrow the filter, or use latchkey audit.`, 'bad');
    }
    const text = format === 'csv' ? csv(fields, all) : all.map(event => `${JSON.stringify(event)}\n`).join('');
    download(`audit.${format}`, format === 'csv' ? 'text/csv' : 'application/x-ndjson', text);
  };
  return { count, save };
}
