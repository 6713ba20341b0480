/*
 * An address is proved by a code that is mailed there: that of a guest, or one that is not the caller's own. The time is
 * held meanwhile, and confirmed with the code.
 */

import { busy } from './busy.js';
import { complain, countDown, finish, send, withHold } from './details.js';
import { fill, h } from './dom.js';
import { goneCodes } from './fresh.js';
import { release } from './hold.js';
import { codeFault } from './sign_in.js';

/*
 * Has a code mailed to the form's address, then asks for it, and says `why` there is another one; what goes wrong is told
 * in the form.
 */
export async function askCode(panel, why) {
  const { form } = panel;
  const email = form.values.email.trim();
  const body = { email, locale: panel.locale };
  try {
    await withHold(panel, ({ id }) => panel.call('POST', `booking/${id}/verify`, { body }));
  } catch (problem) {
    if (panel.form === form) toForm(panel, problem);
    return;
  }
  if (panel.form === form) showCode(panel, email, why);
}

function showCode(panel, email, why) {
  const { form, page, t } = panel;
  const trouble = h('div', { class: 'stack wide', id: 'code-trouble' });
  const alarm = (text) => {
    fill(trouble, h('p', { class: 'notice alarm' }, text));
    panel.say(text);
  };
  page.held = h('p', { class: 'small muted' });
  const submit = h('button', { class: 'main' }, t('confirm'));
  const input = h('input', {
    id: 'proof-code',
    required: true,
    inputmode: 'numeric',
    autocomplete: 'one-time-code',
    maxlength: 12,
    'aria-describedby': 'code-trouble',
  });
  const confirm = async (event) => {
    event.preventDefault();
    const done = busy(panel, submit, t('sending'));
    if (!done) return;
    fill(trouble);
    form.code = input.value.replace(/\D/g, '') || '0';
    try {
      await finish(panel, await send(panel, form));
    } catch (problem) {
      const held = form.code === undefined; // the time had to be held anew, and its code is another
      form.code = undefined;
      done();
      if (panel.form !== form) return;
      if (problem.code === 'sign_in_required') toSignIn(panel);
      else if (goneCodes.has(problem.code)) toForm(panel, problem);
      else if (held && problem.code === 'address_not_verified') askCode(panel, t('codeAgain'));
      else {
        alarm(codeFault(problem, t));
        input.focus();
      }
    }
  };
  const another = h('button', { type: 'button', onclick: () => askAnother() }, t('newCode'));
  const askAnother = () => {
    if (busy(panel, another, t('sendingCode'))) askCode(panel);
  };
  panel.show('code', t('proveTitle'), [
    h(
      'div',
      { class: 'stack wide middle' },
      trouble,
      h(
        'form',
        { novalidate: true, onsubmit: confirm },
        h('p', null, t('codeMailed', { email })),
        h('div', { class: 'field' }, h('label', { for: 'proof-code' }, t('code')), input),
        h(
          'div',
          { class: 'actions' },
          submit,
          another,
          h('button', { type: 'button', onclick: () => panel.go('form') }, t('otherEmail')),
          page.held,
        ),
      ),
    ),
  ]);
  input.focus();
  panel.say(t('codeMailed', { email }));
  countDown(panel, form);
  if (why) alarm(why);
}

/* The form as it was left, with what went wrong: the time is gone, or no code can be had. */
function toForm(panel, problem) {
  if (panel.view !== 'details') panel.go('form');
  if (goneCodes.has(problem.code)) panel.go('fresh', problem);
  else complain(panel, problem);
}

/* The platform knows this address: whoever reads it has an account. The time is free for them again. */
function toSignIn(panel) {
  const { values } = panel.form;
  release(panel);
  panel.form = { values, released: true };
  panel.go('signIn', () => panel.go('pick', null, true), 'haveAccount');
}
