/**
 * Where the service lies: this file's own address tells, so that a proxy may serve all of it below a path of its own.
 * Addresses of pages are written from `/` on, and those of the API as the server names them.
 */
const BASE = new URL('../../../../', import.meta.url);

/** An address of the service, such as `/api/v1/cases`, as a browser can ask for it. */
export const served = (address) => BASE.pathname + address.replace(/^\//, '');

/** A page's address from the path that the browser shows; null when it is none of ours. */
export const addressOf = (pathname) =>
  pathname.startsWith(BASE.pathname) ? `/${pathname.slice(BASE.pathname.length)}` : null;

/** Where one logs in, to come back to what is shown. */
export const loginAddress = () =>
  `${served('/login')}?next=${encodeURIComponent(addressOf(location.pathname) + location.search + location.hash)}`;

/** An answer that is no success, with what the server says of it. */
export const ask = (address) => asked(address, { headers: { accept: 'application/json' } });

async function asked(address, request) {
  const answer = await fetch(served(address), request);
  if (answer.ok) return answer;
  // The session is over; a command may need more than one reads by, and says so where it was given.
  if (answer.status === 401 && request.method === undefined) location.assign(loginAddress());
  const said = await answer.json().catch(() => null);
  throw Object.assign(new Error(said?.message ?? `${address} answered ${answer.status}.`), { status: answer.status });
}

export const getJson = async (address) => (await ask(address)).json();

/** A command, as JSON; an answer that is no success is thrown with what the server says of it. */
export async function post(address, body, method = 'POST') {
  const { csrf } = await getJson('/api/v1/session');
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(csrf && { 'x-csrf-token': csrf }),
  };
  return (await asked(address, { method, headers, body: JSON.stringify(body) })).json();
}
