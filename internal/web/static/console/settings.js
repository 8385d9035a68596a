// The settings of the service, to be read.
import { html } from '../lib.js';
import { get, sentence } from '../api.js';
import { query } from '../router.js';
import { Badge, Empty, Table, useLoad } from '../ui.js';
import { Card, Loaded, Search, View } from './parts.js';

const kinds = { flag: 'good', environment: 'good', file: 'good' };

const columns = [
  { key: 'variable', label: 'Setting', cell: setting => html`<span><code>${setting.variable}</code><br /><span class="small muted">${sentence(setting.description)}</span></span>` },
  { key: 'value', label: 'Value', cell: setting => setting.secret ? html`<span class="muted">never shown</span>` : setting.value ? html`<code>${setting.value}</code>` : html`<span class="muted">not set</span>` },
  { key: 'source', label: 'From', class: 'fit', cell: setting => html`<${Badge} kind=${kinds[setting.source]}>${setting.source === 'file' ? '.env' : setting.source}<//>` },
];

export function Settings() {
  const settings = useLoad(options => get('api/settings', options));
  const q = (query.value.get('q') ?? '').toLowerCase();
  return html`<${View} title="Settings" lead="Of the replica that responds. They are changed where they come from, and count after a restart.">
    <div class="toolbar" role="search"><${Search} label="Search settings" /></div>
    <${Loaded} of=${settings}>${data => {
      const found = data.items.filter(setting => `${setting.variable} ${setting.description}`.toLowerCase().includes(q));
      const groups = [...new Set(found.map(setting => setting.group))];
      return found.length === 0 ? html`<${Empty} title="No settings found" />` : groups.map(group => html`<${Card} title=${group} key=${group}>
        <${Table} caption=${group} columns=${columns} rows=${found.filter(setting => setting.group === group)} rowKey=${setting => setting.variable} /><//>`);
    }}<//>
  <//>`;
}
