// Import of users: a file is sent as it is read, and faulty lines are reported.
import { html, useRef, useState } from '../lib.js';
import { ApiError, get, root, sentence } from '../api.js';
import { formatNumber } from '../texts.js';
import { Button, ErrorNote, Note, Table, announce } from '../ui.js';
import { Card, View, at, csv, download, parameters } from './parts.js';

const formats = [['ndjson', 'One JSON object per line'], ['csv', 'CSV with a header line'], ['codevoweb', 'MongoDB export of CodevoWeb'], ['fastapi-users', 'MongoDB export of fastapi-users']];

const columns = [
  { key: 'line', label: 'Line', class: 'fit number' },
  { key: 'pointer', label: 'Field', cell: error => error.pointer ? html`<code>${error.pointer.slice(1)}</code>` : '' },
  { key: 'detail', label: 'What is wrong', cell: error => sentence(error.detail) },
];

export function Import() {
  const [file, setFile] = useState(null);
  const [format, setFormat] = useState('ndjson');
  const [state, setState] = useState({ sent: null, report: null, error: null });
  const [over, setOver] = useState(false);
  const input = useRef(null);
  const choose = chosen => {
    if (chosen) {
      setFile(chosen);
      setFormat(/\.csv$/i.test(chosen.name) ? 'csv' : 'ndjson');
      setState({ sent: null, report: null, error: null });
    }
  };
  const drop = event => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files[0]);
  };
  const start = dryRun => async () => {
    setState({ sent: 0, report: null, error: null });
    try {
      await get('userinfo'); // renews the session if that is due; a file cannot be sent twice in passing
      const report = await send(file, parameters({ format, dry_run: dryRun }), sent => setState({ sent, report: null, error: null }));
      setState({ sent: null, report, error: null });
      announce(`${report.created} users, ${report.failed} errors`);
    } catch (error) {
      setState({ sent: null, report: null, error: error instanceof ApiError ? error : new ApiError(0, { code: 'network' }) });
    }
  };
  return html`<${View} title="Import users" lead=${html`A user who exists already is skipped, so an import can be repeated. <a href=${at('users')}>Back to the users</a>`}>
    <${Card}>
      <div class=${`drop ${over ? 'over' : ''}`} onDragOver=${event => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
        <p>${file ? html`<strong>${file.name}</strong> · ${formatNumber(Math.ceil(file.size / 1024))} KiB` : 'Drop a file here'}</p>
        <input ref=${input} type="file" class="hidden" id="file" tabindex="-1" aria-label="File" onChange=${event => choose(event.target.files[0])} />
        <${Button} onClick=${() => input.current.click()}>Choose a file<//>
      </div>
      ${file && html`
        <div class="field"><label for="format">Format</label>
          <select id="format" value=${format} onChange=${event => setFormat(event.target.value)}>
            ${formats.map(([value, text]) => html`<option value=${value} selected=${value === format}>${text}</option>`)}</select></div>
        ${state.sent !== null && html`<div class="stack"><label for="sent">${state.sent < 1 ? 'Sending and storing' : 'Storing the rest'}</label><progress id="sent" max="1" value=${state.sent}></progress></div>`}
        <div class="actions">
          <${Button} busy=${state.sent !== null} onClick=${start(true)}>Check only<//>
          <${Button} busy=${state.sent !== null} kind="primary" onClick=${start(false)}>Import<//>
        </div>`}
      <${ErrorNote} error=${state.error} />
    <//>
    ${state.report && html`<${Report} report=${state.report} name=${file.name} />`}
  <//>`;
}

/** send sends a file, tells its progress from 0 to 1, and returns the report. */
function send(file, query, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', new URL(`api/users/import${query}`, root));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('X-Requested-With', 'latchkey');
    request.responseType = 'json';
    request.upload.onprogress = event => event.total > 0 && progress(event.loaded / event.total);
    request.onerror = () => reject(new ApiError(0, { code: 'network' }));
    request.onload = () => request.status === 200 ? resolve(request.response) : reject(new ApiError(request.status, request.response ?? {}));
    request.send(file);
  });
}

function Report({ report, name }) {
  const save = () => download(`${name}.errors.csv`, 'text/csv', csv(['line', 'code', 'pointer', 'detail'], report.errors));
  const created = report.dry_run ? 'would be created' : 'created';
  return html`<${Card} title=${report.dry_run ? 'Result of the check' : 'Result'} actions=${report.failed > 0 && html`<${Button} onClick=${save}>Save the errors<//>`}>
    <${Note} kind=${report.failed > 0 ? 'warn' : 'good'}><p data-result>${formatNumber(report.created)} ${created}, ${formatNumber(report.skipped)} skipped, ${formatNumber(report.failed)} failed</p><//>
    ${report.failed > 0 && html`<${Table} caption="Faulty lines" columns=${columns} rows=${report.errors.slice(0, 200)} rowKey=${error => error.line} />`}
    ${report.failed > 200 && html`<p class="muted">The first 200 errors are shown${report.errors.length < report.failed ? `, and the first ${formatNumber(report.errors.length)} can be saved` : ''}.</p>`}
  <//>`;
}
