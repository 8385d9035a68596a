// The texts of the page, in the language that the server has chosen.

const page = document.documentElement;
/** The language of the page, such as "en". */
export const language = page.lang;
/** All languages that there are texts for. */
export const languages = page.dataset.languages.split(' ');

const texts = await load();

async function load() {
  const response = await fetch(new URL(`texts/${language}/${page.dataset.page}.json`, import.meta.url));
  return response.ok ? response.json() : {};
}

const plurals = new Intl.PluralRules(language);

/**
 * t returns the text of a key, with values in its placeholders: t(key, {n: 3}). A text with
 * several forms is chosen by the value n. Without a text the key itself is returned.
 */
export function t(key, values = {}) {
  let text = texts[key] ?? key;
  if (typeof text === 'object') {
    text = text[plurals.select(values.n)] ?? text.other;
  }
  return text.replace(/\{([a-z]+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}

/** has reports whether there is a text. */
export const has = key => key in texts;

/** chooseLanguage stores the choice in a cookie and shows the page again. */
export function chooseLanguage(code) {
  const path = new URL('../../', import.meta.url).pathname;
  document.cookie = `latchkey_language=${code}; path=${path}; max-age=31536000; samesite=lax`;
  location.reload();
}

/** languageName returns the name of a language in that language. */
export const languageName = code => new Intl.DisplayNames([code], { type: 'language' }).of(code);

const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
const units = [['year', 31536000], ['month', 2592000], ['week', 604800], ['day', 86400], ['hour', 3600], ['minute', 60]];

/** formatTime returns a time in the user's zone. */
export const formatTime = time => dateTime.format(new Date(time));

/** formatAgo returns how long ago a time was, or how far ahead it is. */
export function formatAgo(time) {
  const seconds = (new Date(time) - Date.now()) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) {
      return relative.format(Math.round(seconds / size), unit);
    }
  }
  return t('time.now');
}

/** formatDuration returns a number of seconds in words. */
export function formatDuration(seconds) {
  const [unit, size] = units.slice(4).find(([, size]) => seconds >= 2 * size) ?? ['second', 1];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.ceil(seconds / size));
}

/** formatNumber returns a number with its separators. */
export const formatNumber = number => new Intl.NumberFormat(language).format(number);
