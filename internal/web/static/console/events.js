// A table of audit events.
import { html } from '../lib.js';
import { Badge, Table, Time } from '../ui.js';
import { at } from './parts.js';
import { can } from './session.js';

/** isId reports whether a text is an id as users have it. */
export const isId = text => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text ?? '');

// A user leads to the page of the user; whether there still is one turns out there.
function Who({ name, id, kind }) {
  const shown = name || id || '';
  return kind === 'user' && isId(id) && can('users:read') ? html`<a href=${at(`users/${id}`)}>${shown}</a>` : html`<span>${shown}</span>`;
}

const columns = [
  { key: 'at', label: 'When', class: 'fit', cell: event => html`<${Time} value=${event.at} />` },
  { key: 'action', label: 'What', class: 'fit', cell: event => html`<span><code>${event.action}</code> ${event.outcome === 'failure' && html`<${Badge} kind="bad">failed<//>`}</span>` },
  { key: 'actor', label: 'By', cell: event => html`<${Who} name=${event.actor} id=${event.actor_id} kind="user" />` },
  { key: 'target', label: 'On', cell: event => html`<${Who} name=${event.target} id=${event.target_id} kind=${event.action.split('.')[0]} />` },
  { key: 'reason', label: 'Reason', cell: event => event.reason ?? '' },
  { key: 'address', label: 'From', cell: event => html`<span title=${event.user_agent}>${event.address ?? ''}</span>` },
  { key: 'request_id', label: 'Request', class: 'fit', cell: event => event.request_id ? html`<code class="small" title=${event.request_id}>${event.request_id.slice(0, 8)}</code>` : '' },
];

/** EventTable shows audit events. */
export const EventTable = ({ events, caption = 'Events' }) => html`<${Table} caption=${caption} columns=${columns} rows=${events} />`;
