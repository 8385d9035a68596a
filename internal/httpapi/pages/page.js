'use strict';

// The link in the email carries the token after the #, which browsers do not send to the server.
// Remove it from the address bar and the history at once.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);

const form = document.querySelector('form');
const button = form.querySelector('button');
const message = document.querySelector('#message');

function show(text, isError) {
  message.textContent = text;
  message.classList.toggle('error', isError);
}

// post sends the body to the API. It returns '' on success and an error text otherwise.
async function post(body) {
  try {
    const response = await fetch(form.dataset.api, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return response.ok ? '' : (await response.json()).detail || response.statusText;
  } catch {
    return 'the service cannot be reached; try again later';
  }
}

async function submit(event) {
  event.preventDefault();
  const { password, confirmation } = form.elements;
  if (password && password.value !== confirmation.value) {
    show('The passwords do not match.', true);
    return;
  }
  button.disabled = true;
  const error = await post(password ? { token, password: password.value } : { token });
  button.disabled = false;
  if (error) {
    show(`Error: ${error}.`, true);
    return;
  }
  form.hidden = true;
  show(form.dataset.success, false);
}

if (token) {
  form.addEventListener('submit', submit);
} else {
  form.hidden = true;
  show('This link is incomplete. Open the full link from your email.', true);
}
