// The addresses of the account pages.
import { root } from '../api.js';
import { createRouter } from '../router.js';
import { t } from '../texts.js';
import { brandName } from '../ui.js';

const start = new URL('account', root).pathname;

/** url returns the address of a view. */
export const url = path => path ? `${start}/${path}` : start;

/** createAccountRouter returns the router of the views, which are given by path. */
export function createAccountRouter(views, NotFound) {
  return createRouter({
    base: 'account', titleSuffix: brandName,
    routes: Object.entries(views).map(([path, view]) => ({ path, view, title: () => t(`title.${path || 'profile'}`) })),
    notFound: { path: null, view: NotFound, title: () => t('notfound.title') },
  });
}
