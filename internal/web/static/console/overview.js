// The overview: how the service is used, and what needs attention.
import { html, useEffect } from '../lib.js';
import { get, sentence } from '../api.js';
import { query } from '../router.js';
import { formatNumber } from '../texts.js';
import { Note, Time, useLoad } from '../ui.js';
import { Card, Filter, Loaded, View, at } from './parts.js';
import { Plot } from './plot.js';

const refreshEvery = 15_000;
const ranges = { day: ['interval=hour&points=24', 'Last 24 hours'], week: ['interval=hour&points=168', 'Last 7 days'], quarter: ['interval=day&points=90', 'Last 90 days'] };

export function Overview() {
  const name = ranges[query.value.get('range')] ? query.value.get('range') : 'day';
  const [range] = ranges[name];
  const stats = useLoad(options => get(`api/stats?${range}`, options), [range]);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && stats.reload(), refreshEvery);
    return () => clearInterval(timer);
  }, [stats.reload]);
  const choices = Object.entries(ranges).filter(([key]) => key !== 'day').map(([key, [, text]]) => [key, text]);
  return html`<${View} title="Overview" actions=${html`<${Filter} label=${ranges.day[1]} name="range" options=${choices} />`}>
    <${Loaded} of=${stats}>${data => html`<${Shown} data=${data} />`}<//>
  <//>`;
}

const sum = (items, key) => items.reduce((total, item) => total + item[key], 0);

function Shown({ data }) {
  const { items, attention } = data;
  const times = items.map(item => Date.parse(item.at) / 1000);
  const list = key => items.map(item => item[key] ?? null);
  const lastKnown = key => items.findLast(item => item[key] !== undefined)?.[key] ?? 0;
  const shown = [['Users', lastKnown('users')], ['Active sessions', lastKnown('sessions')], ['Sign-ins', sum(items, 'sign_ins')],
    ['Failed sign-ins', sum(items, 'failures')], ['Refreshes', sum(items, 'refreshes')], ['Refused by limits', sum(items, 'refused')]];
  return html`
    ${attention.length > 0 && html`<div class="findings" aria-label="Needs attention" role="group">${attention.map(finding => html`<${Finding} finding=${finding} />`)}</div>`}
    <div class="tiles">${shown.map(([label, n]) => html`<div class="tile"><p>${label}</p><p class="figure">${formatNumber(n)}</p></div>`)}</div>
    <div class="plots">
      <${Card} title="Sign-ins">
        <p class="legend"><span class="series-1">succeeded</span><span class="series-2">failed</span></p>
        <${Plot} times=${times} series=${[list('sign_ins'), list('failures')]}
          description=${`Sign-ins over time: ${sum(items, 'sign_ins')} succeeded and ${sum(items, 'failures')} failed`} />
      <//>
      <${Card} title="Active sessions">
        <${Plot} levels times=${times} series=${[list('sessions')]} description=${`Active sessions over time, ${lastKnown('sessions')} at last`} />
      <//>
      <${Card} title="Refreshes">
        <${Plot} times=${times} series=${[list('refreshes')]} description=${`Refreshes over time, ${sum(items, 'refreshes')} in all`} />
      <//>
      <${Card} title="Refused by rate limits">
        <${Plot} times=${times} series=${[list('refused')]} description=${`Attempts refused by rate limits over time, ${sum(items, 'refused')} in all`} />
      <//>
    </div>`;
}

const leads = { webhook_failing: f => `webhooks/${f.target_id}`, key_overdue: () => 'keys', key_old_secret: () => 'keys', rate_limited: () => 'audit?outcome=failure', mail_off: () => 'settings', mail_failing: () => 'settings' };

function Finding({ finding }) {
  const to = leads[finding.code]?.(finding);
  return html`<${Note} kind=${finding.level === 'problem' ? 'bad' : 'warn'}><p>${sentence(finding.detail)}
    ${finding.since && html` Since <${Time} value=${finding.since} />.`}
    ${to && html` <a href=${at(to)}>Look at it</a>`}</p><//>`;
}
