/*
 * The stand-alone booking page: the widget and nothing else. `?coach=`, `?session_type=`, `?duration=`,
 * `?lang=` choose what is shown.
 */

import { strings, translator } from './widget.js?v=@VERSION@';
import { pageLanguage, takeIdentity } from './page.js?v=@VERSION@';

const language = pageLanguage(strings);
document.documentElement.lang = language;
const title = translator(strings, language)('book');
document.title = title;
document.querySelector('h1').textContent = title;

const identity = takeIdentity('mosaic-booking-identity');
const query = new URLSearchParams(location.search);
const widget = document.createElement('mosaic-booking');
widget.setAttribute('inline', '');
for (const [parameter, attribute] of [
  ['coach', 'coach'],
  ['session_type', 'session-type'],
  ['duration', 'duration'],
])
  if (query.get(parameter)) widget.setAttribute(attribute, query.get(parameter));
widget.token = identity.token ?? null;
widget.session = identity.session ?? null;
document.querySelector('main').append(widget);
window.addEventListener('hashchange', () => {
  const next = takeIdentity('mosaic-booking-identity');
  widget.token = next.token ?? null;
  widget.session = next.session ?? null;
});
