// The account pages.
import { html, render } from '../lib.js';
import { root } from '../api.js';
import { createRouter } from '../router.js';
import { t } from '../texts.js';
import { Heading, Messages, Top, brandName } from '../ui.js';

const Home = () => html`<main class="narrow"><${Heading}>${t('title')}<//></main>`;
const { Router, url } = createRouter({
  base: 'account', titleSuffix: brandName,
  routes: [{ path: '', view: Home, title: () => t('title') }],
  notFound: { path: null, view: Home, title: () => t('notfound.title') },
});

render(html`<${Top} home=${url('')} /><${Router} /><${Messages} />`, document.querySelector('#app'));
