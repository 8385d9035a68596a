// What the views of the console share.
import { html, useEffect, useRef, useState } from '../lib.js';
import { patch } from '../api.js';
import { query, setQuery } from '../router.js';
import { Badge, Button, Copy, Dialog, ErrorNote, Form, Heading, Loading, Submit, toast } from '../ui.js';

/** at returns the address of a view, whatever the path prefix of the service is. */
export const at = path => new URL(`../../../console${path && `/${path}`}`, import.meta.url).pathname;

/** parameters returns a query string of the values that are set, with its ?, or nothing. */
export function parameters(values) {
  const set = Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const text = new URLSearchParams(set).toString();
  return text && `?${text}`;
}

/** View is a view with its heading, and what can be done there. */
export function View({ title, lead, actions, children }) {
  return html`<main class="view">
    <header class="view-head">
      <div><${Heading}>${title}<//>${lead && html`<p class="lead">${lead}</p>`}</div>
      ${actions && html`<div class="row">${actions}</div>`}
    </header>
    ${children}
  </main>`;
}

/** Card is a part of a view. */
export function Card({ title, lead, actions, kind = '', children }) {
  return html`<section class=${`card ${kind}`}>
    ${title && html`<header class="row between"><div><h2>${title}</h2>${lead && html`<p>${lead}</p>`}</div>
      ${actions && html`<div class="row">${actions}</div>`}</header>`}
    ${children}
  </section>`;
}

/** Loaded shows what useLoad has loaded: children is a function of the data. */
export function Loaded({ of, children }) {
  return html`<${ErrorNote} error=${of.error} retry=${of.reload} />
    ${of.data ? children(of.data) : of.error ? null : html`<${Loading} />`}`;
}

/** Facts is a list of names and values; those without a value are left out. */
export function Facts({ of }) {
  const set = of.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return html`<dl class="facts">${set.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** Names is a list of short words, such as roles. */
export const Names = ({ of, none = 'none' }) => of.length === 0
  ? html`<span class="muted">${none}</span>`
  : html`<span class="names">${of.map(name => html`<${Badge}>${name}<//>`)}</span>`;

/** Search changes the parameter q of the address while the user types. The key / leads to it. */
export function Search({ label, name = 'q' }) {
  const timer = useRef(0);
  const input = useRef(null);
  const current = query.value.get(name) ?? '';
  useEffect(() => { // the back button
    if (document.activeElement !== input.current) {
      input.current.value = current;
    }
  }, [current]);
  const change = event => {
    const { value } = event.target;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ [name]: value.trim(), cursor: null }), 40);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return html`<input ref=${input} type="search" class="search" aria-label=${label} placeholder=${`${label}  ( / )`}
    data-search autocapitalize="none" autocomplete="off" spellcheck=${false} defaultValue=${current} onInput=${change} />`;
}

/** Filter is a menu that changes a parameter of the address. */
export function Filter({ label, name, options }) {
  return html`<select class="filter" aria-label=${label} onChange=${event => setQuery({ [name]: event.target.value, cursor: null })}>
    ${[['', label], ...options].map(([value, text]) => html`<option value=${value}
      selected=${(query.value.get(name) ?? '') === value}>${text}</option>`)}
  </select>`;
}

/** Pages leads to the next page, and back to the first. The back button leads to the one before. */
export function Pages({ next, path }) {
  const now = Object.fromEntries(query.value);
  if (!next && !now.cursor) {
    return null;
  }
  const link = (cursor, text) => html`<a class="button" href=${at(path) + parameters({ ...now, cursor })}>${text}</a>`;
  return html`<nav class="row" aria-label="Pages">
    ${now.cursor && link('', 'First page')}${next && link(next, 'Next page')}
  </nav>`;
}

/** useDialog returns [dialog, open, close]: open(render) shows what render(close) returns. */
export function useDialog() {
  const [render, setRender] = useState(null);
  const close = () => setRender(null);
  return [render ? render(close) : null, show => setRender(() => show), close];
}

/** changer returns a function that changes what is at a path, says so, and loads it again. */
export const changer = (path, reload) => async (body, text) => {
  await patch(path, body);
  toast(text);
  await reload();
};

/** Actions are the buttons below a form in a dialog. */
export function Actions({ close, kind, children }) {
  return html`<div class="actions"><${Button} onClick=${close}>Cancel<//><${Submit} kind=${kind}>${children}<//></div>`;
}

/** Typed asks for the name of what is to be deleted, so that nobody deletes by mistake. */
export function Typed({ title, name, action, onConfirm, close, children }) {
  const [text, setText] = useState('');
  const submit = async () => {
    if (text === name) {
      await onConfirm();
    }
  };
  return html`<${Dialog} title=${title} onClose=${close}>
    ${children}
    <${Form} submit=${submit}>
      <div class="field">
        <label for="typed">Type <code>${name}</code> to confirm</label>
        <input id="typed" name="typed" autocomplete="off" autocapitalize="none" spellcheck=${false} onInput=${event => setText(event.target.value)} />
      </div>
      <div class="actions"><${Button} onClick=${close}>Cancel<//>
        <button type="submit" class="button danger" disabled=${text !== name}>${action}</button></div>
    <//>
  <//>`;
}

/** Secret shows a secret, which the service returns only once. */
export function Secret({ title, lead, text, close }) {
  return html`<${Dialog} title=${title} onClose=${close}>
    <p>${lead}</p>
    <${Copy} text=${text} label="Copy the secret" />
    <div class="note warn"><p>It is shown only now. Store it where it is used.</p></div>
    <div class="actions"><${Button} kind="primary" onClick=${close}>I have stored it<//></div>
  <//>`;
}

/** Checks are check boxes with one name; checked are those that are set. */
export function Checks({ label, name, options, checked = [], hint }) {
  return html`<fieldset class="checks"><legend>${label}</legend>
    ${options.map(option => html`<label class="check"><input type="checkbox" name=${name} value=${option}
      defaultChecked=${checked.includes(option)} /> <span>${option}</span></label>`)}
    ${hint && html`<p class="hint">${hint}</p>`}
  </fieldset>`;
}

/** checkedOf returns the values of Checks in a form. */
export const checkedOf = (form, name) => new FormData(form).getAll(name);

/** download saves a text as a file. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The label of a column with buttons. */
export const actionsLabel = html`<span class="hidden">Actions</span>`;

/** csv returns rows as CSV. A value that a spreadsheet would run as a formula is made text. */
export function csv(columns, rows) {
  const cell = value => {
    const text = String(value ?? '').replace(/^[=+\-@\t\r]/, "'$&");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map(row => columns.map(column => row[column]))].map(row => row.map(cell).join(',')).join('\r\n') + '\r\n';
}
