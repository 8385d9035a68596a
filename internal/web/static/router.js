// Addresses of a page with several views. Each view has an address of its own, and the back button works.
import { computed, html, signal, useEffect } from './lib.js';
import { root } from './api.js';

const current = signal(locate());

function locate() {
  return { path: location.pathname, search: location.search };
}

window.addEventListener('popstate', () => { current.value = locate(); });

/** The parameters behind the ? of the address. */
export const query = computed(() => new URLSearchParams(current.value.search));

/** setQuery changes parameters of the address; null and '' remove one. It adds nothing to the history. */
export function setQuery(changes) {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') {
      parameters.delete(name);
    } else {
      parameters.set(name, value);
    }
  }
  const search = parameters.toString();
  navigate(location.pathname + (search && `?${search}`), { replace: true });
}

/** navigate shows the view of a URL of this page. */
export function navigate(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  const before = current.value.path;
  current.value = locate();
  if (current.value.path !== before) {
    scrollTo(0, 0);
  }
}

/**
 * createRouter returns {Router, url}. The routes are [{path, view, title}]: path is relative to base and
 * may have parts such as ":id", view is a component that gets them as properties, title is a function that
 * returns the title of the window. url(path) returns the address of a view.
 *
 * Links to views are plain: <a href=${url('sessions')}>.
 */
export function createRouter({ base, routes, notFound, titleSuffix }) {
  const start = new URL(base, root).pathname;
  const url = path => path ? `${start}/${path}` : start;
  const compiled = routes.map(route => ({ ...route, pattern: compile(route.path) }));
  const match = computed(() => {
    const path = current.value.path.slice(start.length).replace(/^\/|\/$/g, '');
    for (const route of compiled) {
      const found = route.pattern.exec(path);
      if (found) {
        const parts = Object.entries(found.groups ?? {}).map(([name, part]) => [name, decode(part)]);
        return { route, key: path, parameters: Object.fromEntries(parts) };
      }
    }
    return { route: notFound, key: path, parameters: {} };
  });
  document.addEventListener('click', event => follow(event, start));

  let shown = null;
  function Router() {
    const { route, key, parameters } = match.value;
    const View = route.view;
    useEffect(() => {
      document.title = `${route.title(parameters)} · ${titleSuffix}`;
      if (shown !== null && shown !== key) {
        // Where the keyboard and a screen reader go on after a change of the view.
        document.querySelector('h1')?.focus({ preventScroll: true });
      }
      shown = key;
    }, [key]);
    return html`<${View} key=${key} ...${parameters} />`;
  }
  return { Router, url, current: computed(() => match.value.route.path) };
}

function compile(path) {
  return new RegExp(`^${path.replace(/:([a-z]+)/g, '(?<$1>[^/]+)')}$`);
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// follow shows the view of a link without loading the document again.
function follow(event, start) {
  const link = event.target.closest?.('a[href]');
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute('download')) {
    return;
  }
  const url = new URL(link.href);
  const inside = url.pathname === start || url.pathname.startsWith(`${start}/`);
  if (url.origin !== location.origin || !inside || url.hash) {
    return;
  }
  event.preventDefault();
  navigate(url.href);
}
