import { html } from '../lib.js';
import { Heading } from '../ui.js';
import { t } from '../texts.js';
import { url } from './routes.js';

/** NotFound is shown at addresses that there is nothing at. */
export function NotFound() {
  return html`<main class="narrow"><div class="card">
    <header><${Heading}>${t('notfound.title')}<//><p>${t('notfound.text')}</p></header>
    <a class="button" href=${url('')}>${t('toaccount')}</a>
  </div></main>`;
}
