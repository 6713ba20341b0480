/*
 * What both stand-alone pages need: who is calling, by the address's fragment, and the language.
 *
 * The token (or the platform's session id) comes in the fragment, `#token=…` or `#session=…`, which browsers
 * send to no server; it is taken out of the address bar at once, so that it is neither copied nor bookmarked
 * with the address.
 */

/*
 * What the fragment brought, or what it brought before a reload; storage may be blocked, then a reload
 * forgets it.
 */
export function takeIdentity(place) {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const brought = { token: fragment.get('token'), session: fragment.get('session') };
  if (brought.token || brought.session) {
    history.replaceState(null, '', location.pathname + location.search);
    try {
      sessionStorage.setItem(place, JSON.stringify(brought));
    } catch {
      /* blocked */
    }
    return brought;
  }
  try {
    return JSON.parse(sessionStorage.getItem(place)) ?? {};
  } catch {
    return {};
  }
}

/*
 * A link of a mail: `#sign-in=…` completes what this browser asked for (nonce() has its proof: storage is slow to open),
 * `#manage=…` opens one appointment. The secret leaves the address bar at once, and stands there again where the
 * server could not be asked. Answers {token, appointment, until}, {failed: which words}, or null: there was none.
 */
export async function followMail(call, nonce) {
  const { hash, pathname, search } = location;
  const fragment = new URLSearchParams(hash.slice(1));
  const [link, manage] = [fragment.get('sign-in'), fragment.get('manage')];
  if (!link && !manage) return null;
  history.replaceState(null, '', pathname + search);
  try {
    if (manage) {
      let ahead = 0; // how far this device's clock is, by which the end is told
      const heard = (date) => {
        ahead = Date.now() - Date.parse(date) || 0;
      };
      const session = await call('POST', 'booking/session', { body: { manage }, heard });
      const until = Date.parse(session.expires_at) + ahead;
      return { token: session.token, appointment: session.appointment_id, until };
    }
    const asked = nonce();
    if (!asked) return { failed: 'linkElsewhere' };
    return {
      token: (await call('POST', 'booking/sign-in/verify', { body: { token: link, nonce: asked } })).token,
    };
  } catch (problem) {
    if (!problem.status || problem.status === 429 || problem.status >= 500) {
      history.replaceState(null, '', pathname + search + hash);
      return { failed: problem.status ? 'failed' : 'unreachable', again: true };
    }
    return { failed: manage ? 'linkOver' : 'linkElsewhere' };
  }
}

/* The page's language: asked for, else the first of the browser's that there are words for. */
export function pageLanguage(table) {
  const wanted = [new URLSearchParams(location.search).get('lang'), ...navigator.languages].filter(Boolean);
  return wanted.map((tag) => tag.split('-')[0].toLowerCase()).find((tag) => table[tag]) ?? 'en';
}

/* Signed out: nothing is kept. */
export function forgetIdentity(place) {
  try {
    sessionStorage.removeItem(place);
  } catch {
    /* blocked: there is nothing */
  }
  return {};
}
