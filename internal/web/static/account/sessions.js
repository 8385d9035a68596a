import { html, useState } from '../lib.js';
import { del, get } from '../api.js';
import { Badge, Button, Confirm, ErrorNote, Heading, Loading, Time, toast, useLoad } from '../ui.js';
import { t } from '../texts.js';
import { leave } from './sign-out.js';

/** Sessions shows where the user is signed in, and ends sessions. */
export function Sessions() {
  const { data, error, reload } = useLoad(options => get('api/auth/users/me/sessions', options));
  const [asking, setAsking] = useState(false);
  const others = (data?.items ?? []).filter(session => !session.current);
  const end = async session => {
    if (session.current) {
      await leave();
      return;
    }
    await del(`api/auth/users/me/sessions/${session.id}`);
    await reload();
    toast(t('sessions.ended'));
  };
  const endOthers = async () => {
    await del('api/auth/users/me/sessions');
    setAsking(false);
    await reload();
    toast(t('sessions.othersended'));
  };
  return html`
    <${Heading}>${t('title.sessions')}<//>
    <section class="card" aria-labelledby="list">
      <div class="row between">
        <header class="grow"><h2 id="list">${data ? t('sessions.count', { n: data.items.length }) : t('sessions.list')}</h2>
          <p class="muted">${t('sessions.text')}</p></header>
        ${others.length > 0 && html`<${Button} onClick=${() => setAsking(true)}>${t('sessions.endothers')}<//>`}
      </div>
      <${ErrorNote} error=${error} retry=${reload} />
      ${!data && !error && html`<${Loading} />`}
      <ul class="items">${data?.items.map(session => html`<${Session} key=${session.id} session=${session} end=${end} />`)}</ul>
    </section>
    ${asking && html`<${Confirm} title=${t('sessions.endothers')} action=${t('sessions.endothers')} onConfirm=${endOthers}
      onClose=${() => setAsking(false)}><p>${t('sessions.ask', { n: others.length })}</p><//>`}`;
}

function Session({ session, end }) {
  const device = describe(session.user_agent);
  return html`<li>
    <div class="grow">
      <p><strong title=${session.user_agent}>${device}</strong> ${session.current && html`<${Badge} kind="good">${t('sessions.current')}<//>`}</p>
      <p class="small muted">${session.address} · ${t('sessions.used')} <${Time} value=${session.last_used_at} /> ·
        ${' '}${t('sessions.started')} <${Time} value=${session.created_at} exact /></p>
    </div>
    <${Button} kind="quiet bad" onClick=${() => end(session)} aria-label=${t('sessions.end', { device })}>${t('signout')}<//>
  </li>`;
}

const browsers = [['Edg', 'Edge'], ['OPR', 'Opera'], ['Firefox', 'Firefox'], ['HeadlessChrome', 'Chrome'], ['Chrome', 'Chrome'], ['Safari', 'Safari']];
const systems = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Windows', 'Windows'], ['Mac OS X', 'macOS'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']];

// describe makes a few words of a user agent. It decides nothing.
function describe(agent) {
  const find = names => names.find(([part]) => agent.includes(part))?.[1];
  const browser = find(browsers), system = find(systems);
  if (browser && system) {
    return t('sessions.device', { browser, system });
  }
  return agent.split(' ')[0].slice(0, 60) || t('sessions.unknown');
}
