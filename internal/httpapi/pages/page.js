'use strict';

// The link of a letter carries its token behind the #, which is sent to nobody. It leaves the
// address bar and the history at once.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);

const form = document.querySelector('form');
const button = form.querySelector('button');
const outcome = document.querySelector('#outcome');

function say(text, fault) {
  outcome.textContent = text;
  outcome.classList.toggle('fault', fault);
}

// call gives nothing when the API has done it, else why not.
async function call(body) {
  try {
    const answer = await fetch(form.dataset.call, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return answer.ok ? '' : (await answer.json()).detail || answer.statusText;
  } catch {
    return 'the service cannot be reached; try again';
  }
}

async function submit(event) {
  event.preventDefault();
  const { password, again } = form.elements;
  if (password && password.value !== again.value) {
    say('The two passwords differ.', true);
    return;
  }
  button.disabled = true;
  const fault = await call(password ? { token, password: password.value } : { token });
  button.disabled = false;
  if (fault) {
    say(`That did not work: ${fault}.`, true);
    return;
  }
  form.hidden = true;
  say(form.dataset.done, false);
}

if (token) {
  form.addEventListener('submit', submit);
} else {
  form.hidden = true;
  say('This page is opened by the link of a letter. The link is not complete.', true);
}
