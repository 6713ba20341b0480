/* The views that come when they are first wanted: one file beside the widget. */

import { explain } from './calls.js';
import { isChanged } from './changed.js';
import { askCode } from './code.js';
import { changeTime, choose, hold, ownHold, recover, renderChosen, showDetails } from './details.js';
import { showDone } from './done.js';
import { h } from './dom.js';
import { offerFresh } from './fresh.js';
import forms from '../design/forms.css';
import looks_more from './looks_more.css';
import { findOthers, offerNearest, showMove } from './move.js';
import { showBell, showNotices } from './notices.js';
import { showAnswers } from './questions.js';
import { showCancel, showManaged, showSessions } from './sessions.js';
import { showSignIn } from './sign_in.js';
import { showTypes } from './types.js';
import { showWait } from './wait.js';
import { enMore } from './words-en-more.js';
import { zonePicker } from './zone_picker.js';

/* The form goes on with another time. */
function takeTime(panel) {
  hold(panel);
  renderChosen(panel);
}

/* Why this client can book nothing now, before the times that they would see. */
function cannotBook(panel, place, refusal) {
  const { t } = panel;
  const why = explain(refusal, t);
  place.prepend(
    h(
      'div',
      { class: 'notice' },
      h('h3', null, t('limit')),
      h('p', null, why),
      h('button', { type: 'button', class: 'main', onclick: () => panel.go('sessions') }, t('mySessions')),
    ),
  );
  panel.say(`${t('limit')}. ${why}`);
}

function zones(panel, place, opener, choose) {
  place.replaceChildren(zonePicker(panel, opener, choose));
  place.querySelector('input').focus();
}

/* The looks of these views join those of the first. */
export function dress(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(forms + looks_more);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

export const words = enMore;

export const views = {
  details: choose,
  changeTime,
  takeTime,
  ownHold,
  recover,
  done: showDone,
  form: showDetails,
  code: askCode,
  fresh: offerFresh,
  move: showMove,
  nearest: offerNearest,
  others: findOthers,
  sessions: showSessions,
  cancel: showCancel,
  types: showTypes,
  signIn: showSignIn,
  managed: showManaged,
  answers: showAnswers,
  changed: isChanged,
  cannotBook,
  wait: showWait,
  notices: showNotices,
  bell: showBell,
  zones,
};
