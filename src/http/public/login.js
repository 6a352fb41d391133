/** The page to log in: sends the token, and goes where one wanted to go. */
import { getJson, post, served } from './core/place.js';

const form = document.getElementById('login');
const failed = document.getElementById('login-failed');
const next = new URLSearchParams(location.search).get('next') ?? '/';
// Only a place of this server: a link from elsewhere may have put any other here.
const goOn = () => location.replace(/^\/(?![/\\])/.test(next) ? served(next) : served('/'));

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  failed.textContent = '';
  try {
    await post('/api/v1/session', { token: form.elements.token.value });
    goOn();
  } catch (error) {
    failed.textContent = `✕ ${error.message}`;
    form.elements.token.select();
  }
});

// A link from another site comes without the cookie, though one has logged in: then nothing is asked for.
const { expiresAt } = await getJson('/api/v1/session').catch(() => ({ expiresAt: null }));
if (expiresAt === null) form.elements.token.focus();
else goOn();
