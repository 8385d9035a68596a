// The signing keys and their schedule.
import { html } from '../lib.js';
import { del, get, post } from '../api.js';
import { formatTime, language } from '../texts.js';
import { Badge, Button, Confirm, Dialog, Field, Form, Note, Table, Time, toast, useLoad } from '../ui.js';
import { Actions, Card, Loaded, View, useDialog, actionsLabel } from './parts.js';
import { can } from './session.js';

const kinds = { signing: 'good', pending: 'warn' };

export function Keys() {
  const keys = useLoad(options => get('api/keys', options));
  const [dialog, open] = useDialog();
  const rotate = close => async ({ hours, force }) => {
    const key = await post('api/keys', { lead_seconds: Math.round(Number(hours) * 3600), force: force === 'on' });
    toast(`The new key signs from ${formatTime(key.signs_from)}.`);
    close();
    await keys.reload();
  };
  const revoke = (key, close) => async () => {
    await del(`api/keys/${encodeURIComponent(key.id)}`);
    toast('The key is revoked.');
    close();
    await keys.reload();
  };
  const askRotate = () => open(close => html`<${Dialog} title="Create the next key?" onClose=${close}><${Form} submit=${rotate(close)}>
    <p>The key is published at once and signs later, so that every verifier knows it by then.</p>
    <${Field} label="Hours until it signs" name="hours" type="number" min="0" max="720" step="any" value="24" required />
    <label class="check"><input type="checkbox" name="force" /> <span>Even if verifiers may not know it by then</span></label>
    <${Actions} close=${close} kind="primary">Create the key<//>
  <//><//>`);
  const askRevoke = key => () => open(close => html`<${Confirm} title="Revoke this key?" action="Revoke" kind="danger" onConfirm=${revoke(key, close)} onClose=${close}>
    <p>For a private key that may have leaked. Every access token that it signed ends at once here, and after five minutes at verifiers that cache the keys. Sessions go on.</p>
    <p><code>${key.id}</code></p><//>`);
  const columns = [
    { key: 'generation', label: 'No.', class: 'fit number' },
    { key: 'state', label: 'State', class: 'fit', cell: key => html`<${Badge} kind=${kinds[key.state]}>${key.state}<//>` },
    { key: 'algorithm', label: 'Algorithm', class: 'fit' },
    { key: 'signs_from', label: 'Signs from', cell: key => html`<${Time} value=${key.signs_from} exact />` },
    { key: 'signs_until', label: 'Until', cell: key => key.signs_until ? html`<${Time} value=${key.signs_until} exact />` : '' },
    { key: 'current_secret', label: 'Encrypted with', cell: key => key.current_secret ? 'the newest secret' : html`<${Badge} kind="warn">an older secret<//>` },
    { key: 'id', label: 'Key id', cell: key => html`<code class="small">${key.id}</code>` },
    { key: 'actions', label: actionsLabel, class: 'fit', cell: key => can('keys:write') && html`<${Button} kind="quiet bad" onClick=${askRevoke(key)} aria-label=${`Revoke key ${key.generation}`}>Revoke<//>` },
  ];
  return html`<${View} title="Signing keys" lead="They sign access tokens. The service creates the next one by itself." actions=${can('keys:write') && html`<${Button} onClick=${askRotate} data-new>Rotate<//>`}>
    <${Loaded} of=${keys}>${data => html`
      ${data.next_rotation && Date.parse(data.next_rotation) < Date.now() && html`<${Note} kind="bad"><p>Another key should sign since <${Time} value=${data.next_rotation} />. The log says why it could not be created.</p><//>`}
      <${Card} title="Schedule" lead=${data.next_rotation && html`The next change is <${Time} value=${data.next_rotation} />.`}>
        <${Timeline} keys=${data.items} next=${data.next_rotation} />
        <p class="legend key-legend"><span class="published">published</span><span class="signs">signs</span><span class="retired">verifies</span></p>
      <//>
      <section class="card"><${Table} caption="Signing keys" columns=${columns} rows=${data.items} /></section>`}<//>
    ${dialog}
  <//>`;
}

const day = 86_400_000;
const period = 30 * day; // how long a key signs if nobody intervenes
const retention = day + 3_600_000; // how long a key verifies after it has signed

/** Timeline is a picture of when each key is published, signs and verifies. The table has the same facts. */
function Timeline({ keys, next }) {
  const now = Date.now();
  const rows = keys.map(key => {
    const from = Date.parse(key.signs_from);
    const until = key.signs_until ? Date.parse(key.signs_until) : Math.max(Date.parse(next ?? 0), from + period);
    return { key, created: Math.min(Date.parse(key.created_at), from), from, until, end: key.signs_until ? until + retention : until };
  });
  const start = Math.min(now - 2 * day, ...rows.map(row => row.created));
  const end = Math.max(now + 3 * day, ...rows.map(row => row.end));
  const narrow = document.documentElement.clientWidth < 640; // the text keeps its size
  const [width, left, rowHeight, head] = [narrow ? 320 : 800, 52, 30, 40];
  const height = head + rows.length * rowHeight + 6;
  const x = time => left + (time - start) / (end - start) * (width - left - 8);
  const bar = (row, i, kind, a, b) => b > a && html`<rect class=${kind} x=${x(a)} y=${head + i * rowHeight + 5} width=${Math.max(x(b) - x(a), 2)} height="18" rx="3" />`;
  const short = new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric' });
  const count = narrow ? 3 : 5;
  const ticks = Array.from({ length: count }, (_, i) => start + (end - start) * (i + .5) / count);
  return html`<svg class="timeline" viewBox=${`0 0 ${width} ${height}`} role="img" aria-label="Timeline of the signing keys">
    ${ticks.map(time => html`<line class="line" x1=${x(time)} x2=${x(time)} y1="20" y2=${height} /><text x=${x(time)} y="14" text-anchor="middle">${short.format(time)}</text>`)}
    ${rows.map((row, i) => html`<text x="4" y=${head + i * rowHeight + 19}>No. ${row.key.generation}</text>
      ${bar(row, i, 'published', row.created, row.from)}${bar(row, i, 'signs', row.from, row.until)}${bar(row, i, 'retired', row.until, row.end)}`)}
    <line class="now" x1=${x(now)} x2=${x(now)} y1="20" y2=${height} />
    <text class="now-text" x=${x(now) + 4} y="32">now</text>
  </svg>`;
}
