// The console: the frame, the views and the keys.
import { html, render, useEffect, useState } from '../lib.js';
import { ApiError, onSessionEnd, signInURL, signOut, user } from '../api.js';
import { createRouter, navigate } from '../router.js';
import { Button, Dialog, ErrorNote, Messages, Note, Top, brandName } from '../ui.js';
import { View, at } from './parts.js';
import { can, loadSession } from './session.js';
import { Overview } from './overview.js';
import { Users } from './users.js';

// The sections of the navigation: path, label, scope, and the key after g.
const sections = [
  ['', 'Overview', 'stats:read', 'o'],
  ['users', 'Users', 'users:read', 'u'],
  ['roles', 'Roles', 'roles:read', 'r'],
  ['clients', 'Clients', 'clients:read', 'c'],
  ['webhooks', 'Webhooks', 'hooks:read', 'w'],
  ['keys', 'Signing keys', 'keys:read', 'k'],
  ['audit', 'Audit log', 'audit:read', 'a'],
  ['settings', 'Settings', 'settings:read', 's'],
  ['try', 'Try it', null, 't'],
];
const allowed = () => sections.filter(([, , scope]) => scope === null || can(scope));

/** lazy is a view whose module is loaded when it is first shown. */
function lazy(load, name) {
  let View = null;
  return properties => {
    const [loaded, show] = useState(View !== null);
    useEffect(() => {
      if (!View) {
        load().then(module => { View = module[name]; show(true); }, () => location.reload()); // there is another version by now
      }
    }, []);
    useEffect(() => { // the heading that had the keyboard is gone
      if (loaded && document.activeElement === document.body) {
        document.querySelector('h1')?.focus({ preventScroll: true });
      }
    }, [loaded]);
    return loaded ? html`<${View} ...${properties} />` : html`<main class="view"><h1 tabindex="-1" class="hidden">${name}</h1></main>`;
  };
}

const guarded = (scope, View) => properties => can(scope) ? html`<${View} ...${properties} />` : html`<${Forbidden} scope=${scope} />`;

const routes = [
  ['', 'stats:read', Overview, 'Overview'],
  ['users', 'users:read', Users, 'Users'],
  ['users/import', 'users:write', lazy(() => import('./import.js'), 'Import'), 'Import users'],
  ['users/:id', 'users:read', lazy(() => import('./user.js'), 'User'), 'User'],
  ['roles', 'roles:read', lazy(() => import('./roles.js'), 'Roles'), 'Roles'],
  ['clients', 'clients:read', lazy(() => import('./clients.js'), 'Clients'), 'Clients'],
  ['clients/:id', 'clients:read', lazy(() => import('./client.js'), 'Client'), 'Client'],
  ['webhooks', 'hooks:read', lazy(() => import('./webhooks.js'), 'Webhooks'), 'Webhooks'],
  ['webhooks/:id', 'hooks:read', lazy(() => import('./webhook.js'), 'Webhook'), 'Webhook'],
  ['keys', 'keys:read', lazy(() => import('./keys.js'), 'Keys'), 'Signing keys'],
  ['audit', 'audit:read', lazy(() => import('./audit.js'), 'Audit'), 'Audit log'],
  ['settings', 'settings:read', lazy(() => import('./settings.js'), 'Settings'), 'Settings'],
].map(([path, scope, view, title]) => ({ path, view: guarded(scope, view), title: () => title }));
routes.push({ path: 'try', view: lazy(() => import('./tryit.js'), 'TryIt'), title: () => 'Try it' });

const notFound = { path: null, view: NotFound, title: () => 'Page not found' };
const { Router, current } = createRouter({ base: 'console', routes, notFound, titleSuffix: `${brandName} console` });

function NotFound() {
  return html`<${View} title="Page not found" lead="There is nothing at this address."><p><a href=${at('')}>Overview</a></p><//>`;
}

function Forbidden({ scope }) {
  return html`<${View} title="Not allowed"><${Note} kind="warn"><p>This page needs the scope <code>${scope}</code>,
    which your roles do not carry.</p><//><//>`;
}

function Navigation() {
  const section = current.value === null ? null : current.value.split('/')[0];
  return html`<nav class="nav" aria-label="Console"><ul>
    ${allowed().map(([path, label]) => html`<li><a href=${at(path)} aria-current=${section === path ? 'page' : undefined}>${label}</a></li>`)}
  </ul></nav>`;
}

const shortcuts = [
  ['/', 'Search'], ['n', 'New'], ['?', 'This list'], ['Esc', 'Close a dialog'],
  ...sections.map(([, label, , key]) => [`g ${key}`, label]),
];

function Shortcuts({ close }) {
  return html`<${Dialog} title="Keys" onClose=${close}>
    <dl class="facts keys">${shortcuts.map(([key, text]) => html`<dt>${key.split(' ').map(part => html`<kbd>${part}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>
    <div class="actions"><${Button} onClick=${close}>Close<//></div>
  <//>`;
}

/** useKeys calls the shortcuts, except while the user writes or a dialog is open. */
function useKeys(showHelp) {
  useEffect(() => {
    let before = '';
    const press = event => {
      const writing = event.target.closest?.('input, textarea, select, [contenteditable]');
      if (writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) {
        before = '';
        return;
      }
      const section = before === 'g' && allowed().find(([, , , key]) => key === event.key);
      const click = selector => document.querySelector(selector)?.click();
      const actions = {
        '/': () => document.querySelector('[data-search]')?.focus(), '?': showHelp, n: () => click('[data-new]'),
      };
      const action = section ? () => navigate(at(section[0])) : before !== 'g' && actions[event.key];
      before = event.key;
      if (action) {
        event.preventDefault();
        before = '';
        action();
      }
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}

function Console() {
  const [help, setHelp] = useState(false);
  useKeys(() => setHelp(true));
  const leave = async () => {
    await signOut();
    location.assign(signInURL());
  };
  return html`<${Top} home=${at('')}>
      <span class="muted console-name">Console</span>
      <div class="end">
        <${Button} kind="quiet keys-button" onClick=${() => setHelp(true)} aria-label="Keys">?<//>
        <a class="who" href=${accountURL} title="Your account">${user.value?.username}</a>
        <${Button} kind="quiet" onClick=${leave}>Sign out<//>
      </div>
    <//>
    <div class="split wide"><${Navigation} /><${Router} /></div>
    ${help && html`<${Shortcuts} close=${() => setHelp(false)} />`}
    <${Messages} />`;
}

// A user without any of the scopes has only the account pages.
function NoAccess() {
  return html`<${Top} home=${accountURL} /><main class="narrow"><div class="card">
    <h1 tabindex="-1">No access</h1>
    <p>You are signed in as <strong>${user.value.username}</strong>, and your roles do not allow you to use the console.
      An administrator can give you one that does.</p>
    <div class="actions"><a class="button primary" href=${accountURL}>Your account</a></div>
  </div></main>`;
}

const accountURL = new URL('../../../account', import.meta.url).href;

async function start() {
  const app = document.querySelector('#app');
  onSessionEnd(() => location.replace(signInURL()));
  try {
    if (!await loadSession()) {
      location.replace(signInURL());
      return;
    }
  } catch (error) {
    const shown = error instanceof ApiError ? error : new ApiError(0, { code: 'page' });
    if (shown.status === 401) {
      return; // on the way to the sign-in page
    }
    if (shown.status !== 403) {
      render(html`<main class="narrow"><${ErrorNote} error=${shown} retry=${() => location.reload()} /></main>`, app);
      return;
    }
  }
  const first = allowed()[0];
  if (first[0] === 'try') {
    render(html`<${NoAccess} />`, app);
    return;
  }
  if (location.pathname.replace(/\/$/, '') === at('')) {
    navigate(at(first[0]) + location.search, { replace: true });
  }
  render(html`<${Console} />`, app);
}

start();
