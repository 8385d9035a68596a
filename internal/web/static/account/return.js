// The page of an application that led here with ?return_to=. The server has checked its origin.

const key = 'latchkey-return';
const { return: given } = document.documentElement.dataset;
if (given) {
  sessionStorage.setItem(key, given);
}
const stored = sessionStorage.getItem(key);

/** The URL of the page, or null. */
export const backTo = stored ? new URL(stored) : null;
