// The components that all pages share.
import {
  createContext, html, signal, useCallback, useContext, useEffect, useId, useLayoutEffect, useRef, useState,
} from './lib.js';
import { ApiError } from './api.js';
import { chooseLanguage, formatAgo, formatTime, language, languageName, languages, t } from './texts.js';

// ---- Actions and errors

/** useAction wraps an async function: {run, busy, error}. While it runs, further calls do nothing. */
export function useAction(action) {
  const running = useRef(false);
  const [state, setState] = useState({ busy: false, error: null });
  const latest = useRef(action);
  latest.current = action;
  const run = useCallback(async (...args) => {
    if (running.current) {
      return undefined;
    }
    running.current = true;
    setState({ busy: true, error: null });
    try {
      const result = await latest.current(...args);
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error: asApiError(error) });
      return undefined;
    } finally {
      running.current = false;
    }
  }, []);
  return { run, ...state };
}

function asApiError(error) {
  if (error instanceof ApiError) {
    return error;
  }
  console.error(error);
  return new ApiError(0, { code: 'page' });
}

/**
 * useLoad calls an async function at first and when deps change: {data, error, loading, reload}. While it loads again,
 * data is what was there before; after an error there is none.
 */
export function useLoad(load, deps = []) {
  const [state, setState] = useState({ data: null, error: null, loading: true });
  const latest = useRef(null);
  const reload = useCallback(async () => {
    latest.current?.abort();
    const controller = new AbortController();
    latest.current = controller;
    setState(before => ({ ...before, loading: true }));
    try {
      const data = await load({ signal: controller.signal });
      if (!controller.signal.aborted) {
        setState({ data, error: null, loading: false });
      }
    } catch (error) {
      if (!controller.signal.aborted) {
        setState({ data: null, error: asApiError(error), loading: false });
      }
    }
  }, deps);
  useEffect(() => {
    reload();
    return () => latest.current?.abort();
  }, [reload]);
  return { ...state, reload };
}

/** ErrorNote shows an error, with the id of the request for a report. */
export function ErrorNote({ error, retry }) {
  if (!error) {
    return null;
  }
  return html`<div class="note bad" role="alert">
    <p>${error.text}</p>
    ${error.requestId && html`<p class="request">${t('error.request')} <code>${error.requestId}</code></p>`}
    ${retry && html`<${Button} kind="quiet" onClick=${retry}>${t('action.retry')}<//>`}
  </div>`;
}

/** Note shows a text in a box; kind is "good", "bad", "warn" or nothing. */
export function Note({ kind = '', children }) {
  return html`<div class=${`note ${kind}`}>${children}</div>`;
}

// ---- Buttons

/** Button calls onClick. While the promise that it returns is pending, the button is busy and does nothing. */
export function Button({ onClick, busy = false, kind = '', type = 'button', children, ...rest }) {
  const action = useAction(onClick ?? (() => {}));
  const isBusy = busy || action.busy;
  useEffect(() => {
    if (action.error) {
      toast(action.error.text, 'bad');
    }
  }, [action.error]);
  const click = event => {
    if (isBusy) {
      event.preventDefault();
    } else if (onClick) {
      action.run(event);
    }
  };
  return html`<button type=${type} class=${`button ${kind}`} aria-disabled=${isBusy ? 'true' : undefined}
    data-busy=${isBusy || undefined} onClick=${click} ...${rest}><span>${children}</span></button>`;
}

// ---- Forms

const FormContext = createContext({ errors: {}, busy: false, edited: () => {} });

/**
 * Form collects the values of its fields and calls submit(values, form), which may throw an ApiError: the
 * errors of fields are shown at them, others above all fields. reset empties the form after success.
 */
export function Form({ submit, reset = false, children, ...rest }) {
  const form = useRef(null);
  const [hidden, setHidden] = useState([]);
  const action = useAction(async values => {
    setHidden([]);
    await submit(values, form.current);
    if (reset) {
      form.current?.reset();
    }
  });
  const errors = Object.fromEntries(Object.entries(action.error?.fields ?? {}).filter(([name]) => !hidden.includes(name)));
  const onSubmit = event => {
    event.preventDefault();
    action.run(Object.fromEntries(new FormData(form.current)));
  };
  useEffect(() => { // an error at a field: the keyboard goes there, once the field shows it
    if (action.error) {
      form.current.querySelector('[aria-invalid="true"]')?.focus();
    }
  }, [action.error]);
  const shown = Object.keys(action.error?.fields ?? {}).some(name => form.current?.elements[name]);
  const context = { errors, busy: action.busy, edited: name => setHidden(before => [...before, name]) };
  return html`<${FormContext.Provider} value=${context}>
    <form ref=${form} onSubmit=${onSubmit} ...${rest}>
      ${!shown && html`<${ErrorNote} error=${action.error} />`}
      ${children}
    </form>
  <//>`;
}

/**
 * Field is a labelled input; as="textarea" or as="select" with children are others. button is a function of the id of
 * the input; it returns a button inside it.
 */
export function Field({ label, name, hint, as: Tag = 'input', children, value, class: className = '', button, ...rest }) {
  const id = useId();
  const { errors, edited } = useContext(FormContext);
  const error = errors[name];
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  const input = html`<${Tag} id=${id} name=${name} defaultValue=${value} aria-invalid=${error ? 'true' : undefined}
    aria-describedby=${described || undefined} onInput=${() => error && edited(name)} ...${rest}>${children}<//>`;
  return html`<div class=${`field ${className}`}>
    <label for=${id}>${label}</label>
    ${button ? html`<div class="with-button">${input}${button(id)}</div>` : input}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="field-error" id=${`${id}-error`}>${error}</p>`}
  </div>`;
}

/** PasswordField is a Field whose password can be shown. */
export function PasswordField(properties) {
  const [visible, setVisible] = useState(false);
  const button = id => html`<button type="button" class="inside" aria-pressed=${visible} aria-controls=${id}
    onClick=${() => setVisible(!visible)}>${visible ? t('password.hide') : t('password.show')}</button>`;
  return html`<${Field} type=${visible ? 'text' : 'password'} autocapitalize="none" spellcheck=${false} button=${button} ...${properties} />`;
}

/** Submit is the button that sends its Form. */
export function Submit({ children, kind = 'primary' }) {
  const { busy } = useContext(FormContext);
  return html`<${Button} type="submit" kind=${kind} busy=${busy}>${children}<//>`;
}

// ---- Dialogs

/** Dialog is a modal dialog. It is open as long as it is there; onClose is called when the user leaves it. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  const id = useId();
  useLayoutEffect(() => {
    const opener = document.activeElement, open = dialog.current;
    open.showModal();
    return () => {
      open.close(); // what is outside takes the keyboard only after this
      opener?.focus?.();
    };
  }, []);
  const outside = event => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} aria-labelledby=${id} onClick=${outside}
    onCancel=${event => { event.preventDefault(); onClose(); }}>
    <div class="dialog">
      <h2 id=${id}>${title}</h2>
      ${children}
    </div>
  </dialog>`;
}

/** Confirm is a dialog that asks before an action. */
export function Confirm({ title, children, action, kind = 'primary', onConfirm, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${children}
    <${Form} submit=${onConfirm}>
      <div class="actions">
        <${Button} onClick=${onClose}>${t('action.cancel')}<//>
        <${Submit} kind=${kind}>${action}<//>
      </div>
    <//>
  <//>`;
}

// ---- Tables and lists

/**
 * Table shows rows. The columns are [{key, label, cell(row), class}]; without cell the text of row[key] is
 * shown. The class "fit" is for what never needs two lines. On a narrow screen each row is a card. The roles
 * stay, whatever the layout.
 */
export function Table({ caption, columns, rows, rowKey = row => row.id }) {
  return html`<div class="scroll"><table role="table" class="table">
    <caption class="hidden">${caption}</caption>
    <thead role="rowgroup"><tr role="row">
      ${columns.map(column => html`<th role="columnheader" scope="col" class=${column.class}>${column.label}</th>`)}
    </tr></thead>
    <tbody role="rowgroup">
      ${rows.map(row => html`<tr role="row" key=${rowKey(row)}>
        ${columns.map(column => html`<td role="cell" data-label=${typeof column.label === 'string' ? column.label : undefined} class=${column.class}>
          ${column.cell ? column.cell(row) : row[column.key]}</td>`)}
      </tr>`)}
    </tbody>
  </table></div>`;
}

/** Empty says that there is nothing to show, and perhaps what to do about it. */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/** Loading stands for what is not there yet. It appears after a moment, so that it does not flicker. */
export function Loading() {
  return html`<p class="loading" role="status">${t('loading')}</p>`;
}

/** Badge is a short state; kind is "good", "bad", "warn" or nothing. */
export function Badge({ kind = '', children }) {
  return html`<span class=${`badge ${kind}`}>${children}</span>`;
}

/** Time shows how long ago a time was, and the time itself on demand. */
export function Time({ value, exact = false }) {
  return html`<time datetime=${value} title=${exact ? undefined : formatTime(value)}>
    ${exact ? formatTime(value) : formatAgo(value)}</time>`;
}

/** Copy shows a text with a button that copies it. */
export function Copy({ text, label }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    announce(t('copied'));
  };
  return html`<span class="copy"><code>${text}</code>
    <${Button} kind="quiet" onClick=${copy} aria-label=${label}>${done ? t('copied') : t('action.copy')}<//></span>`;
}

// ---- Messages

const toasts = signal([]);
const announcement = signal('');
let counter = 0;

/** toast shows a message for a while; kind is "good", "bad" or nothing. Errors stay until they are closed. */
export function toast(text, kind = 'good') {
  const id = ++counter;
  toasts.value = [...toasts.value, { id, text, kind }];
  if (kind !== 'bad') {
    setTimeout(() => closeToast(id), 6000);
  }
}

function closeToast(id) {
  toasts.value = toasts.value.filter(one => one.id !== id);
}

/** announce tells a screen reader about a change that is visible anyway. */
export function announce(text) {
  announcement.value = '';
  setTimeout(() => { announcement.value = text; }, 50);
}

/** Messages is where toasts and announcements appear; every page has it once. */
export function Messages() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(one => html`<div key=${one.id} class=${`toast ${one.kind}`}>
      <p>${one.text}</p>
      <button type="button" class="close" aria-label=${t('action.close')} onClick=${() => closeToast(one.id)}>×</button>
    </div>`)}
  </div>
  <div class="hidden" role="status" aria-live="polite">${announcement.value}</div>`;
}

// ---- The frame of a page

const { brand } = document.documentElement.dataset;
// A relative URL of the document would lead elsewhere once the router has changed its address.
const icon = document.querySelector('link[rel=icon]');
icon.href = icon.href;
/** The name of the application. */
export const brandName = brand;

/** Top is the header of every page; home is the URL behind the name. */
export function Top({ home, children }) {
  return html`<header class="top">
    <a class="brand" href=${home}>
      <img src=${icon.href} alt="" />
      <span>${brand}</span>
    </a>
    ${children}
  </header>`;
}

/** Heading is the heading of a view. It takes the keyboard when the view appears. */
export function Heading({ children }) {
  return html`<h1 tabindex="-1">${children}</h1>`;
}

/** LanguageMenu chooses the language; there is none if there is only one language. */
export function LanguageMenu() {
  const id = useId();
  if (languages.length < 2) {
    return null;
  }
  return html`<div class="language">
    <label class="hidden" for=${id}>${t('language')}</label>
    <select id=${id} value=${language} onChange=${event => chooseLanguage(event.target.value)}>
      ${languages.map(code => html`<option value=${code} lang=${code} selected=${code === language}>${languageName(code)}</option>`)}
    </select>
  </div>`;
}
