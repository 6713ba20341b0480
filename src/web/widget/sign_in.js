/*
 * Signing in by mail: an address, then the code that was sent there. Nothing is completed without the nonce that this
 * browser keeps, so the link in the mail works in it alone.
 */

import { explain } from './calls.js';
import { fill, h } from './dom.js';
import { memory } from './memory.js';

/* `desk` has t, say and call(method, path, options); `page` is booking or coach; `done` gets the session. */
export function signInForm(desk, page, locale, done) {
  const { t } = desk;
  const place = h('div', { class: 'stack wide' });
  const trouble = h('div', { class: 'stack wide', id: 'sign-in-trouble' });
  const complain = (text) => {
    fill(trouble, h('p', { class: 'notice alarm' }, text));
    desk.say(text);
  };
  const told = (problem) =>
    complain(
      { wrong_code: t('wrongCode'), code_expired: t('codeOver') }[problem.code] ?? explain(problem, t),
    );
  const field = (id, label, properties) =>
    h(
      'div',
      { class: 'field' },
      h('label', { for: id }, label),
      h('input', { id, name: id, required: true, ...properties }),
    );

  const askAddress = (email = '') => {
    const input = field('sign-in-email', t('email'), {
      type: 'email',
      autocomplete: 'email',
      maxlength: 254,
      value: email,
    });
    const form = h(
      'form',
      {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          fill(trouble);
          const address = form.elements['sign-in-email'].value.trim();
          if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address)) {
            complain(t('needEmail'));
            form.elements['sign-in-email'].focus();
            return;
          }
          try {
            const { nonce } = await desk.call('POST', 'booking/sign-in', {
              body: { email: address, page, locale },
            });
            memory.write({ nonce });
            askCode(address, nonce);
          } catch (problem) {
            told(problem);
          }
        },
      },
      h('p', { class: 'muted' }, t('signInWhy')),
      input,
      h('div', { class: 'actions' }, h('button', { class: 'main' }, t('sendCode'))),
    );
    fill(place, trouble, form);
    form.elements['sign-in-email'].focus();
  };

  const askCode = (email, nonce) => {
    const form = h(
      'form',
      {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          fill(trouble);
          const code = form.elements['sign-in-code'].value.replace(/\D/g, '');
          try {
            done(
              await desk.call('POST', 'booking/sign-in/verify', {
                body: { email, code: code || '0', nonce },
              }),
            );
          } catch (problem) {
            told(problem);
            form.elements['sign-in-code'].focus();
          }
        },
      },
      h('p', null, t('codeSent', { email })),
      field('sign-in-code', t('code'), {
        inputmode: 'numeric',
        autocomplete: 'one-time-code',
        maxlength: 12,
      }),
      h(
        'div',
        { class: 'actions' },
        h('button', { class: 'main' }, t('signInNow')),
        h('button', { type: 'button', onclick: () => askAddress(email) }, t('otherEmail')),
      ),
    );
    fill(place, trouble, form);
    form.elements['sign-in-code'].focus();
    desk.say(t('codeSent', { email }));
  };

  askAddress();
  return { element: place, complain, focus: () => place.querySelector('input').focus() };
}

/* The widget's view of it; `back` shows what was wanted. */
export function showSignIn(panel, back, words) {
  const { t } = panel;
  const form = signInForm(panel, 'booking', panel.locale, (session) => {
    memory.keepSession(session.token, panel.element.hasAttribute('steps'));
    panel.element.token = session.token;
    panel.say(t('signedIn'));
    back?.();
  });
  panel.show('signIn', t('signInTitle'), [h('div', { class: 'stack wide middle' }, form.element)]);
  panel.page.mine.hidden = true;
  form.focus();
  if (words) form.complain(t(words));
}
