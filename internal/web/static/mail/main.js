// The inbox of development: what the service would send, instead of sending it.
import { html, render, signal, useEffect, useState } from '../lib.js';
import { del, get, root } from '../api.js';
import { createRouter, navigate } from '../router.js';
import { t } from '../texts.js';
import {
  Button, Confirm, Empty, ErrorNote, Heading, LanguageMenu, Loading, Messages, Time, Top, announce, brandName, useLoad,
} from '../ui.js';

const messages = 'dev/mail/messages';
const interval = 2000; // milliseconds between two looks at the inbox

// The messages as far as the list shows them; null: not known yet.
const inbox = signal(null);
const failure = signal(null);

async function update() {
  try {
    const since = inbox.value?.version ?? '';
    const list = await get(`${messages}?since=${since}`, { anonymous: true });
    failure.value = null;
    if (list) {
      const before = inbox.value?.items.length ?? list.items.length;
      inbox.value = list;
      if (list.items.length > before) {
        announce(t('arrived', { subject: list.items[0].subject }));
      }
    }
  } catch (error) {
    failure.value = error;
  }
}

// keepUpdated looks at the inbox while the page is visible.
async function keepUpdated() {
  if (document.visibilityState === 'visible') {
    await update();
  }
  setTimeout(keepUpdated, interval);
}

document.addEventListener('visibilitychange', update);

function List({ selected }) {
  const { items } = inbox.value;
  return html`<ul class="mails">${items.map(message => html`<li key=${message.id}>
    <a href=${url(message.id)} aria-current=${message.id === selected ? 'true' : undefined}>
      <span class="subject">${message.subject}</span>
      <span class="small muted">${message.to}</span>
      <span class="small muted"><${Time} value=${message.date} /></span>
    </a>
  </li>`)}</ul>`;
}

function Inbox({ id }) {
  if (!inbox.value) {
    return html`<main class="narrow">${failure.value ? html`<${ErrorNote} error=${failure.value} retry=${update} />` : html`<${Loading} />`}</main>`;
  }
  return html`<main class=${`mailbox ${id ? 'reading' : ''}`}>
    <section class="list" aria-labelledby="inbox">
      <div class="row between"><${Title} count=${inbox.value.items.length} as=${id ? 'h2' : 'h1'} /><${Clear} /></div>
      <${ErrorNote} error=${failure.value} />
      ${inbox.value.items.length ? html`<${List} selected=${id} />` : html`<${Empty} title=${t('empty')}><p>${t('empty.text')}</p><//>`}
    </section>
    <section class="reader" aria-label=${t('message')}>
      ${id ? html`<${Message} key=${id} id=${id} />` : html`<${Empty} title=${t('choose')} />`}
    </section>
  </main>`;
}

function Title({ count, as: Tag }) {
  return html`<${Tag} id="inbox" class="title" tabindex="-1">${t('title')} <span class="count">${count}</span><//>`;
}

function Clear() {
  const [asking, setAsking] = useState(false);
  const clear = async () => {
    await del(messages, undefined, { anonymous: true });
    await update();
    setAsking(false);
    navigate(url(''));
  };
  return html`${inbox.value.items.length > 0 && html`<${Button} kind="quiet" onClick=${() => setAsking(true)}>${t('clear')}<//>`}
    ${asking && html`<${Confirm} title=${t('clear.ask')} action=${t('clear')} kind="danger" onConfirm=${clear}
      onClose=${() => setAsking(false)}><p>${t('clear.text', { n: inbox.value.items.length })}</p><//>`}`;
}

function Message({ id }) {
  const { data, error } = useLoad(options => get(`${messages}/${encodeURIComponent(id)}`, { ...options, anonymous: true }), [id]);
  const [view, setView] = useState('html');
  useEffect(() => {
    if (data) {
      document.querySelector('.reader h1')?.focus({ preventScroll: true });
    }
  }, [data]);
  if (!data) {
    return error ? html`<${ErrorNote} error=${error} />` : html`<${Loading} />`;
  }
  const link = data.text.match(linkPattern)?.[0];
  return html`<article class="card">
    <p class="backlink"><a href=${url('')}>${t('backtolist')}</a></p>
    <header>
      <h1 tabindex="-1">${data.subject}</h1>
      <p>${t('to', { address: data.to })} · <${Time} value=${data.date} exact /></p>
    </header>
    <div class="row between">
      ${link && html`<a class="button primary" href=${link}>${t('open')}</a>`}
      <${Views} view=${view} setView=${setView} />
    </div>
    ${view === 'html'
      ? html`<iframe class="mail" sandbox="allow-popups allow-popups-to-escape-sandbox" title=${data.subject}
          src=${new URL(`${messages}/${encodeURIComponent(id)}/html`, root).href}></iframe>`
      : html`<pre class="mail" tabindex="0">${linked(data.text)}</pre>`}
  </article>`;
}

function Views({ view, setView }) {
  return html`<div class="segments" role="group" aria-label=${t('view')}>
    ${['html', 'text'].map(name => html`<button type="button" aria-pressed=${view === name} onClick=${() => setView(name)}>
      ${t(`view.${name}`)}</button>`)}
  </div>`;
}

const linkPattern = /https?:\/\/[^\s<>"]+/;

// linked makes links of the URLs in a text.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map(part => linkPattern.test(part) ? html`<a href=${part}>${part}</a>` : part);
}

const { Router, url } = createRouter({
  base: 'dev/mail', titleSuffix: brandName,
  routes: [
    { path: '', view: Inbox, title: () => t('title') },
    { path: ':id', view: Inbox, title: ({ id }) => inbox.value?.items.find(m => m.id === id)?.subject ?? t('title') },
  ],
  notFound: { path: null, view: () => html`<main class="narrow"><${Heading}>${t('notfound.title')}<//></main>`, title: () => t('notfound.title') },
});

keepUpdated();
const app = document.querySelector('#app');
app.replaceChildren();
render(html`<${Top} home=${url('')}><div class="end"><span class="only small muted">${t('only')}</span><${LanguageMenu} /></div><//>
  <${Router} /><${Messages} />`, app);
