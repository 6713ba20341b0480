/*
 * The stand-alone booking page: the widget and nothing else. `?coach=`, `?session_type=`, `?duration=`,
 * `?lang=` choose what is shown.
 */

import { pageLanguage, takeIdentity } from './identity.js';

const { strings } = await customElements.whenDefined('mosaic-booking');
const language = pageLanguage(strings);
document.documentElement.lang = language;
document.title = document.querySelector('h1').textContent = strings[language].book;

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
