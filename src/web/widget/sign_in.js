/*
 * Signing in by mail: an address, then the code that was sent there. Nothing is completed without the nonce that this
 * browser keeps, so the link in the mail works in it alone.
 */

import { explain } from './calls.js';
import { fill, h } from './dom.js';
import { memory } from './memory.js';

/* What to tell a person about a code that was not taken. */
export const codeFault = (problem, t) =>
  ({ wrong_code: t('wrongCode'), code_expired: t('codeOver') })[problem.code] ?? explain(problem, t);

/* `desk` has t, say and call(method, path, options); `page` is booking or coach; `done` gets the session. */
export function signInForm(desk, page, locale, done) {
  const { t } = desk;
  const place = h('div', { class: 'stack wide' });
  const trouble = h('div', { class: 'stack wide', id: 'sign-in-trouble' });
  const complain = (text) => {
    fill(trouble, h('p', { class: 'notice alarm' }, text));
    desk.say(text);
  };
  const told = (problem) => complain(codeFault(problem, t));
  /*
   * One step: a form with one field, whose text goes to `send`; what goes wrong there is told above it. Sent again while it
   * is on its way, it would have another code mailed, and this one be none.
   */
  const step = (before, label, input, actions, send) => {
    let sending = false;
    const form = h(
      'form',
      {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          if (sending) return;
          sending = true;
          fill(trouble);
          await send(input.value.trim()).catch(told);
          sending = false;
        },
      },
      before,
      h('div', { class: 'field' }, h('label', { for: input.id }, label), input),
      h('div', { class: 'actions' }, actions),
    );
    fill(place, trouble, form);
    input.focus();
  };
  const typed = (id, properties) => h('input', { id, name: id, required: true, ...properties });

  const askAddress = (email = '') => {
    const input = typed('sign-in-email', {
      type: 'email',
      autocomplete: 'email',
      maxlength: 254,
      value: email,
    });
    const send = async (address) => {
      if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) {
        complain(t('needEmail'));
        input.focus();
        return;
      }
      const { nonce } = await desk.call('POST', 'booking/sign-in', {
        body: { email: address, page, locale },
      });
      memory.write({ nonce });
      askCode(address, nonce);
    };
    const why = h('p', { class: 'muted' }, t('signInWhy'));
    step(why, t('email'), input, h('button', { class: 'main' }, t('sendCode')), send);
  };

  const askCode = (email, nonce) => {
    const input = typed('sign-in-code', {
      inputmode: 'numeric',
      autocomplete: 'one-time-code',
      maxlength: 12,
    });
    const send = async (text) => {
      const body = { email, code: text.replace(/\D/g, '') || '0', nonce };
      const verified = await desk.call('POST', 'booking/sign-in/verify', { body }).catch((problem) => {
        told(problem);
        input.focus();
      });
      if (verified) done(verified);
    };
    const actions = [
      h('button', { class: 'main' }, t('signInNow')),
      h('button', { type: 'button', onclick: () => askAddress(email) }, t('otherEmail')),
    ];
    step(h('p', null, t('codeSent', { email })), t('code'), input, actions, send);
    desk.say(t('codeSent', { email }));
  };

  askAddress();
  return { element: place, complain, focus: () => place.querySelector('input').focus() };
}

/* The widget's view of it; `back` shows what was wanted, without it everything begins anew. */
export function showSignIn(panel, back, words) {
  const { t } = panel;
  const form = signInForm(panel, 'booking', panel.locale, ({ token }) => {
    panel.sayFirst(t('signedIn'));
    if (!back) {
      memory.keepSession(token, panel.element.hasAttribute('steps'));
      panel.element.token = token;
      return;
    }
    panel.element.keep(token);
    panel.go('bell');
    back();
  });
  panel.show('signIn', t('signInTitle'), [h('div', { class: 'stack wide middle' }, form.element)]);
  panel.page.mine.hidden = true;
  form.focus();
  if (words) form.complain(t(words));
}
