// One webhook and its deliveries.
import { html, useEffect, useRef } from '../lib.js';
import { del, get, post } from '../api.js';
import { navigate } from '../router.js';
import { Badge, Button, Dialog, Empty, Form, Table, Time, toast, useLoad } from '../ui.js';
import { Actions, Card, Checks, Facts, Loaded, Names, Typed, View, at, checkedOf, changer, useDialog, actionsLabel } from './parts.js';
import { events, hookState } from './webhooks.js';
import { can } from './session.js';

const refreshEvery = 3000;

export function Webhook({ id }) {
  const path = `api/hooks/${encodeURIComponent(id)}`;
  const hook = useLoad(options => get(path, options), [id]);
  const deliveries = useLoad(options => get(`${path}/deliveries?limit=50`, options), [id]);
  const latest = useRef(deliveries.reload);
  latest.current = deliveries.reload;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && latest.current(), refreshEvery);
    return () => clearInterval(timer);
  }, []);
  return html`<${View} title="Webhook" lead=${hook.data?.url}>
    <${Loaded} of=${hook}>${data => html`
      <${About} hook=${data} path=${path} reload=${hook.reload} />
      <${Card} title="Deliveries" lead="The last 50. A delivery is kept for 30 days.">
        <${Loaded} of=${deliveries}>${list => list.items.length === 0 ? html`<${Empty} title="Nothing has been sent yet" />`
          : html`<${Table} caption="Deliveries" columns=${columnsFor(data, path)} rows=${list.items} />`}<//>
      <//>
      ${can('hooks:write') && html`<${Danger} hook=${data} path=${path} />`}`}<//>
  <//>`;
}

const kinds = { delivered: 'good', retrying: 'warn', failed: 'bad' };

function columnsFor(hook, path) {
  const replay = delivery => async () => {
    await post(`${path}/deliveries/${delivery.id}/replay`);
    toast('The delivery is sent again within seconds.');
  };
  return [
    { key: 'created_at', label: 'When', class: 'fit', cell: one => html`<${Time} value=${one.created_at} />` },
    { key: 'event', label: 'Event', cell: one => html`<details><summary><code>${one.event}</code></summary><pre>${one.body}</pre></details>` },
    { key: 'status', label: 'Status', class: 'fit', cell: one => html`<${Badge} kind=${kinds[one.status]}>${one.status}<//>` },
    { key: 'attempts', label: 'Attempts', class: 'fit number' },
    { key: 'error', label: 'Response', cell: one => one.error ?? one.response ?? '' },
    { key: 'actions', label: actionsLabel, class: 'fit', cell: one => can('hooks:write') && hook.active && html`<${Button} kind="quiet" onClick=${replay(one)} aria-label=${`Send ${one.event} again`}>Send again<//>` },
  ];
}

function About({ hook, path, reload }) {
  const [dialog, open] = useDialog();
  const change = changer(path, reload);
  const test = async () => {
    await post(`${path}/test`);
    toast('A test event is sent within seconds. It appears below.');
  };
  const edit = close => async (_, form) => {
    await change({ events: checkedOf(form, 'events') }, 'Saved.');
    close();
  };
  const ask = () => open(close => html`<${Dialog} title="Events of this webhook" onClose=${close}><${Form} submit=${edit(close)}>
    <${Checks} label="Events" name="events" options=${[...new Set([...events, ...hook.events])]} checked=${hook.events} hint="Choose none for all." />
    <${Actions} close=${close} kind="primary">Save<//>
  <//><//>`);
  const actions = can('hooks:write') && html`
    ${hook.active && html`<${Button} onClick=${test}>Send a test<//>`}
    <${Button} onClick=${ask}>Events<//>
    ${hook.active ? html`<${Button} onClick=${() => change({ active: false }, 'The webhook receives nothing while it is paused.')}>Pause<//>`
      : html`<${Button} onClick=${() => change({ active: true }, 'The webhook is active.')}>Activate<//>`}`;
  return html`<${Card} title="Settings" actions=${actions}>
    <${Facts} of=${[['URL', html`<code>${hook.url}</code>`], ['State', hookState(hook)], ['Events', html`<${Names} of=${hook.events} none="all" />`],
      ['Id', html`<code>${hook.id}</code>`], ['Created', html`<${Time} value=${hook.created_at} exact />`]]} />
    ${dialog}
  <//>`;
}

function Danger({ hook, path }) {
  const [dialog, open] = useDialog();
  const name = new URL(hook.url).host;
  const remove = async () => {
    await del(path);
    toast('The webhook is deleted.');
    navigate(at('webhooks'));
  };
  const ask = () => open(close => html`<${Typed} title="Delete this webhook?" name=${name} action="Delete" onConfirm=${remove} close=${close}>
    <p>The log of its deliveries is deleted as well.</p><//>`);
  return html`<${Card} kind="danger" title="Delete this webhook" actions=${html`<${Button} kind="danger" onClick=${ask}>Delete<//>`}>${dialog}<//>`;
}
