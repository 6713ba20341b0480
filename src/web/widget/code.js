/*
 * An address is proved by a code that is mailed there: that of a guest, or one that is not the caller's own. The time is
 * held meanwhile, and confirmed with the code.
 */

import { explain } from './calls.js';
import { complain, finish, send } from './details.js';
import { fill, h } from './dom.js';
import { goneCodes } from './fresh.js';
import { codeFault } from './sign_in.js';
import { busy } from './busy.js';

/* Has a code mailed to the form's address, then asks for it; what goes wrong is told in the form. */
export async function askCode(panel) {
  const { form } = panel;
  const email = form.values.email.trim();
  try {
    await panel.call('POST', `booking/${form.hold.id}/verify`, { body: { email, locale: panel.locale } });
  } catch (problem) {
    if (panel.form === form && panel.view === 'details') complain(panel, problem);
    return;
  }
  if (panel.form === form) showCode(panel, email);
}

function showCode(panel, email) {
  const { form, t } = panel;
  const trouble = h('div', { class: 'stack wide', id: 'code-trouble' });
  const tell = (text) => {
    fill(trouble, h('p', { class: 'notice alarm' }, text));
    panel.say(text);
  };
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
      form.code = undefined;
      done();
      if (panel.form !== form) return;
      if (problem.code === 'sign_in_required') toSignIn(panel);
      else if (goneCodes.has(problem.code) || problem.code === 'hold_expired') startAgain(panel, problem);
      else {
        tell(codeFault(problem, t));
        input.focus();
      }
    }
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
          h('button', { type: 'button', onclick: () => panel.go('form') }, t('otherEmail')),
        ),
      ),
    ),
  ]);
  input.focus();
  panel.say(t('codeMailed', { email }));
}

/* The platform knows this address: whoever reads it has an account. */
function toSignIn(panel) {
  panel.form = null;
  panel.go('signIn', () => panel.go('pick', null, true), 'haveAccount');
}

function startAgain(panel, problem) {
  panel.form = null;
  panel.say(explain(problem, panel.t));
  panel.go('pick', null, true);
}
