// sameOrigin reports whether a form was sent by a page of this site. Browsers say so in the header.
export function sameOrigin(request) {
  const site = request.headers.get('sec-fetch-site');
  return site === null || site === 'same-origin';
}
