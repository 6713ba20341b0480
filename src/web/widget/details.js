/* The form: who books, sent once. */

import { guestsAreGood, guestsIn } from './addresses.js';
import { Problem, claimsOf, explain, newKey } from './calls.js';
import { takeCoach } from './coaches.js';
import { costPart } from './credits.js';
import { fill, h } from './dom.js';
import { goneCodes } from './fresh.js';
import { giveBack, release, slotBody } from './hold.js';
import { memory, write } from './memory.js';
import { answersGiven, questionFaults, questionField, questionFields } from './questions.js';
import { repeatPart } from './repeat.js';
import { sessionsButton } from './session.js';
import { ask } from './slots.js';
import { dayOf } from './time.js';
import { summary } from './summary.js';
import { busy } from './busy.js';

const keepHolding = (asked) => write('sessionStorage', 'mosaic-booking-hold', asked);

/* What became of a request for a hold is known; a later one's may be not. */
const settled = ({ key }) => memory.holding().key === key && keepHolding(null);

/* A form for a start, filled in with what is known of who books. */
function begin(panel, slot, values) {
  const claims = panel.element.token ? claimsOf(panel.element.token) : {};
  const known = { name: claims.name, email: claims.email, ...panel.element.booker };
  panel.form = {
    slot,
    values: values ?? {
      name: known.name ?? '',
      email: known.email ?? '',
      phone: known.phone ?? '',
      notes: known.notes ?? '',
      guests: '',
      promo_code: '',
      answers: { ...known.answers },
    },
    emailKnown: Boolean(known.email),
    sent: null,
    key: null,
  };
}

export function choose(panel, slot) {
  if (panel.moving) return panel.go('move', slot);
  begin(panel, slot, panel.form?.values);
  hold(panel);
  showDetails(panel);
  return undefined;
}

/* An offer that cannot be confirmed as it is: the form asks for what is missing, which `problem` says. */
export async function goOn(panel, offer, problem) {
  Object.assign(panel, { type: offer.session_type, duration: offer.duration_minutes, moving: null });
  panel.answer = { ...panel.answer, coach: offer.coach };
  panel.chosen = null;
  panel.answer = (await ask(panel)).reply;
  const [at, until] = [Date.parse(offer.start), Date.parse(offer.end)];
  begin(panel, { start: offer.start, end: offer.end, at, until });
  Object.assign(panel.form, { hold: offer, until: Date.parse(offer.hold_expires_at) });
  showDetails(panel);
  adopt(panel, offer);
  tell(panel, problem);
}

/* How long the time is held still. Whether it is over in truth is the server's to say: clocks differ. */
export function countDown(panel, form) {
  if (!form.hold) return;
  const place = panel.page.held;
  place.textContent = ''; // of the hold before
  let told = false;
  const tick = () => {
    const left = Math.ceil((form.until - panel.now()) / 1000);
    if (!form.hold) place.textContent = ''; // given back as the page was left
    if (!form.hold || left > 120) return;
    if (left > 0) {
      place.textContent = panel.t('holdLeft', {
        left: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`,
      });
      if (!told) panel.say(place.textContent);
      told = true;
      return;
    }
    clearInterval(timer);
    place.textContent = panel.t('holdOver');
    panel.say(place.textContent);
  };
  const timer = setInterval(tick, 1000);
  form.stop?.(); // of the time that was chosen before
  form.stop = () => clearInterval(timer);
  panel.leave.signal.addEventListener('abort', form.stop);
  tick();
}

/* What of the session type the form goes by: its fields, what it costs, whether it can be a series. */
const formOf = (panel) => {
  const { name, description, durations, redirect_url, ...rest } = panel.typeOf() ?? {};
  return JSON.stringify(rest);
};

/* Asks for the chosen time; answers once it is held, or throws the problem. */
async function takeHold(panel) {
  const form = panel.form;
  Object.assign(form, { hold: null, released: false, code: undefined }); // a code is good for one hold
  await panel.released; // it may be this very time that is being given back
  const received = panel.now();
  const asked = { body: slotBody(panel, form.slot), key: newKey() };
  if (!isGuest(panel)) keepHolding(asked);
  const held = await panel.call('POST', 'booking/hold', asked).catch((problem) => {
    if (problem.status !== 0) settled(asked); // else it may have arrived
    throw problem;
  });
  if (panel.form !== form || form.released) {
    panel.released = giveBack(panel, held).then(() => settled(asked)); // the page may be gone before that
    return;
  }
  settled(asked);
  if (held.status !== 'held') return; // the very session was booked before: create answers with it
  form.hold = held;
  if (held.token) panel.guest = held;
  // This computer's clock may be wrong; the server's own two instants then tell how long the hold
  // lasts.
  const left = Date.parse(held.hold_expires_at) - panel.now();
  const whole = Date.parse(held.hold_expires_at) - Date.parse(held.created_at);
  form.until = left > 0 && left <= 3600000 ? Date.parse(held.hold_expires_at) : received + whole;
  countDown(panel, form);
  const before = formOf(panel);
  await takeCoach(panel, held);
  if (panel.form !== form || panel.view !== 'details') return;
  if (formOf(panel) === before) renderChosen(panel);
  else showDetails(panel); // whoever was chosen of any asks for something else
  adopt(panel, held);
}

/*
 * Takes the chosen time while the form is filled in. A hold that fails for another reason than the time
 * itself costs nothing.
 */
export function hold(panel) {
  const form = panel.form;
  form.holding = takeHold(panel).catch((problem) => {
    if (panel.form !== form || panel.view !== 'details') return;
    if (goneCodes.has(problem.code)) panel.go('fresh', problem);
    else if (problem.code === 'booking_limit') refused(panel, problem);
    else if (problem.status === 401) complain(panel, problem);
  });
}

/* The hold is no more: it has ended, was given back as the page was left, or the token of a guest's has ended, too. */
const isOver = ({ code }) => ['hold_expired', 'not_active', 'not_found', 'unauthenticated'].includes(code);

/* Does what can be done with a hold alone, act(hold); where that is over, or there is none, the time is taken once more. */
export async function withHold(panel, act) {
  const { form } = panel;
  if (form.hold)
    try {
      return await act(form.hold);
    } catch (problem) {
      if (!isOver(problem)) throw problem;
    }
  await takeHold(panel);
  if (!form.hold) throw new Problem({ code: 'hold_expired', status: 410 });
  return act(form.hold);
}

/*
 * A page was left while it asked for a hold, so nobody knows which one it has got: the same request with its key, sent again,
 * tells, and the time is given back. It may still be at work on the first.
 */
export async function recover(panel) {
  const asked = memory.holding();
  keepHolding(null);
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      const held = await panel.call('POST', 'booking/hold', { ...asked, quiet: true });
      if (held.status === 'held') await giveBack(panel, held);
      return;
    } catch (problem) {
      if (problem.code !== 'request_in_progress') return;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/* What the server knows about the caller fills fields that are still empty. */
export function adopt(panel, held) {
  for (const name of ['name', 'email', 'phone']) {
    const input = panel.page.view.querySelector(`#${name}`);
    if (!held[name] || !input || input.value) continue;
    input.value = panel.form.values[name] = held[name];
  }
  if (held.meeting?.kind === 'phone') askPhone(panel);
}

export function askPhone(panel) {
  const input = panel.page.view.querySelector('#phone');
  if (input.required) return;
  input.required = true;
  input.closest('.field').querySelector('label span').remove(); // it is not optional after all
  input.closest('.field').querySelector('.hint').textContent = panel.t('phoneHint');
}

export function field(panel, name, kind, properties, hint) {
  const t = panel.t;
  const values = panel.form.values;
  const area = kind === 'textarea';
  const input = h(area ? 'textarea' : 'input', {
    id: name,
    name,
    type: area ? null : kind,
    'aria-describedby': `${name}-hint ${name}-wrong`,
    ...properties,
    oninput: () => {
      values[name] = input.value;
      panel.keep();
    },
  });
  input.value = values[name] ?? ''; // a form that was kept may be from before there was the field
  return h(
    'div',
    { class: 'field' },
    h(
      'label',
      { for: name },
      t(name),
      !properties.required && h('span', { class: 'muted small' }, ` (${t('optional')})`),
    ),
    input,
    h('p', { class: 'hint', id: `${name}-hint` }, hint),
    h('p', { class: 'wrong', id: `${name}-wrong` }),
  );
}

export const isGuest = ({ element }) => !element.token && !element.session && !element.headers;

/* Of a guest nothing is known, and a token tells what it knows. */
const emailNeeded = (panel) => isGuest(panel) || (Boolean(panel.element.token) && !panel.form.emailKnown);

export function showDetails(panel) {
  const t = panel.t;
  const form = panel.form;
  const page = panel.page;
  const byPhone = panel.typeOf()?.meeting === 'phone';
  page.chosen = h('div', { class: 'wide' });
  page.held = h('p', { class: 'small muted' });
  page.wrongs = h('div', { class: 'stack wide' });
  page.submit = h('button', { class: 'main', type: 'submit' }, confirmWord(panel));
  page.form = h(
    'form',
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        submit(panel);
      },
    },
    field(panel, 'name', 'text', { required: true, autocomplete: 'name', maxlength: 200 }),
    field(
      panel,
      'email',
      'email',
      { required: emailNeeded(panel), autocomplete: 'email', maxlength: 254 },
      t(form.emailKnown || emailNeeded(panel) ? 'emailHintKnown' : 'emailHint'),
    ),
    field(
      panel,
      'phone',
      'tel',
      { required: byPhone, autocomplete: 'tel', maxlength: 32 },
      byPhone && t('phoneHint'),
    ),
    questionFields(panel, panel.typeOf()?.questions, (form.values.answers ??= {}), () => panel.keep()),
    field(panel, 'notes', 'textarea', { maxlength: 2000 }),
    !panel.typeOf()?.seats && // in a shared session everybody books for themselves
      field(panel, 'guests', 'text', { autocomplete: 'off' }, t('guestsHint')),
    costPart(panel, field(panel, 'promo_code', 'text', { autocomplete: 'off', maxlength: 40 })),
    !isGuest(panel) && // a series is for those who have signed in
      repeatPart(panel, { released: () => letGoOfHold(panel), changed: () => nameSubmit(panel) }),
    h('div', { class: 'actions' }, page.submit, page.held),
  );
  const heading = h('h3', { tabindex: '-1' }, t('details'));
  panel.show('details', t('book'), [
    h(
      'div',
      { class: 'two wide' },
      page.chosen,
      h('div', { class: 'stack wide' }, page.wrongs, heading, page.form),
    ),
  ]);
  renderChosen(panel);
  countDown(panel, form);
  const empty = page.form.querySelector('#name').value ? heading : page.form.querySelector('#name');
  empty.focus();
  panel.say(t('held', { when: panel.moment(form.slot.at) }));
}

/* The button says how many sessions it books; where no date can be booked there is none. */
function nameSubmit(panel) {
  const { series } = panel.form;
  panel.page.submit.hidden = series?.free === 0;
  panel.page.submit.disabled = panel.page.submit.hidden; // nor by the Enter key
  panel.page.submit.textContent = series ? panel.t('confirmSeries', { n: series.free }) : confirmWord(panel);
}

const confirmWord = (panel) => panel.t(panel.typeOf()?.approval ? 'ask' : 'confirm');

/* The held time is given back: a series books it with its others. */
async function letGoOfHold(panel) {
  const { form } = panel;
  await form.holding;
  form.stop?.();
  panel.page.held.textContent = '';
  if (form.hold) await giveBack(panel, form.hold);
  form.hold = null;
}

export function renderChosen(panel) {
  const { slot } = panel.form;
  panel.keep();
  fill(
    panel.page.chosen,
    summary(panel, slot.at, slot.until, {
      more: h(
        'button',
        { type: 'button', class: 'plain small', onclick: () => changeTime(panel) },
        panel.t('changeTime'),
      ),
    }),
  );
}

export async function changeTime(panel) {
  const day = dayOf(panel.form.slot.at, panel.zone);
  release(panel);
  const { values } = panel.form;
  await panel.go('pick', null, true, day);
  panel.form = { values, released: true };
  if (panel.view === 'pick' && panel.byDay.has(day)) panel.go('day', day);
}

/* Digits with what people write between them; whether it rings is another matter. */
const isPhone = (text) => /^\s*\+?[\d\s()./-]+$/.test(text) && text.replace(/\D/g, '').length >= 5;

/* Whether the form has this field: what was typed is kept, also from a session type that asks for more. */
const has = (panel, name) => Boolean(panel.page.form.elements[name]);

/* The faults of the form itself; what the server knows better is left to it. */
function faultsOf(panel) {
  const t = panel.t;
  const { name, email, phone } = panel.form.values;
  const faults = [];
  if (!name.trim()) faults.push(['name', t('needName')]);
  const { required } = panel.page.form.elements.email;
  if ((required || email.trim()) && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()))
    faults.push(['email', t('needEmail')]);
  const needed = panel.page.form.elements.phone.required;
  if ((needed || phone.trim()) && !isPhone(phone)) faults.push(['phone', t('needPhone')]);
  if (has(panel, 'guests') && !guestsAreGood(panel.form.values.guests))
    faults.push(['guests', t('needGuests')]);
  return [...faults, ...questionFaults(panel, panel.typeOf()?.questions, panel.form.values.answers)];
}

/* An error summary with links to the fields, each of which says its own fault. */
export function mark(panel, faults) {
  const { form, wrongs, view } = panel.page;
  for (const input of form.elements) {
    const fault = faults.find(([name]) => name === input.name);
    if (!input.name) continue;
    if (fault) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
    form.querySelector(`#${input.name}-wrong`).textContent = fault?.[1] ?? '';
  }
  if (!faults.length) return wrongs.replaceChildren();
  const heading = h('h3', { tabindex: '-1', id: 'wrongs' }, panel.t('errors', { n: faults.length }));
  wrongs.replaceChildren(
    h(
      'div',
      { class: 'notice alarm wide', role: 'group', 'aria-labelledby': 'wrongs' },
      heading,
      h(
        'ul',
        null,
        faults.map(([name, text]) =>
          h(
            'li',
            null,
            h(
              'a',
              {
                href: `#${name}`,
                onclick: (event) => {
                  event.preventDefault();
                  view.querySelector(`#${name}`).focus();
                },
              },
              text,
            ),
          ),
        ),
      ),
    ),
  );
  heading.focus();
  return panel.say([heading.textContent, ...faults.map(([, text]) => text)].join('. '));
}

export function complain(panel, problem) {
  const notice = panel.trouble(problem, () => submit(panel));
  panel.page.wrongs.replaceChildren(notice);
  const first = notice.querySelector('button') ?? notice;
  first.setAttribute('tabindex', '-1');
  first.focus();
  if (problem.status === 401) offerSignIn(panel, notice);
}

/* Who they were is over: they sign in, and the form goes on. */
async function offerSignIn(panel, notice) {
  const { form } = panel;
  if (!(await panel.mayMail()) || !notice.isConnected) return;
  const back = () => {
    panel.form = form;
    showDetails(panel);
    hold(panel);
  };
  const ask = () => {
    release(panel);
    panel.go('signIn', back);
  };
  notice.append(h('button', { type: 'button', onclick: ask }, panel.t('signInNow')));
}

/* A guest has signed in with a form open: the time that was held for the guest is held for them now. */
export function ownHold(panel) {
  release(panel);
  panel.guest = null;
  if (panel.view === 'code') showDetails(panel);
  hold(panel);
}

export function refused(panel, problem) {
  const heading = h('h3', { tabindex: '-1' }, panel.t('limit'));
  panel.page.wrongs.replaceChildren(
    h(
      'div',
      { class: 'notice alarm' },
      heading,
      h('p', null, explain(problem, panel.t)),
      sessionsButton(panel),
    ),
  );
  heading.focus();
  panel.say(`${heading.textContent}. ${explain(problem, panel.t)}`);
}

export async function submit(panel) {
  const t = panel.t;
  const form = panel.form;
  if (form.stale) {
    const heading = panel.page.wrongs.querySelector('h3');
    panel.say(heading.textContent);
    return heading.focus();
  }
  const done = busy(panel, panel.page.submit, t('sending'));
  if (!done) return undefined;
  mark(panel, []);
  await form.holding; // which may fill a field in, or find the time taken
  if (panel.form !== form || panel.view !== 'details') return undefined;
  const faults = faultsOf(panel);
  if (form.stale || faults.length) {
    done();
    return form.stale ? undefined : mark(panel, faults);
  }
  try {
    await finish(panel, await send(panel, form));
  } catch (problem) {
    done();
    if (panel.form !== form || panel.view !== 'details') return undefined;
    tell(panel, problem);
  }
  return undefined;
}

/* What the server has against the form, where it belongs. */
function tell(panel, problem) {
  const field =
    questionField(panel.typeOf()?.questions, problem.field) ??
    problem.field
      ?.split('.')
      .pop()
      .replace(/\[\d+\]$/, '');
  if (goneCodes.has(problem.code)) panel.go('fresh', problem);
  else if (problem.code === 'booking_limit') refused(panel, problem);
  else if (problem.code === 'address_not_verified' && panel.form.hold) panel.go('code');
  else if (panel.page.form.elements[field]) mark(panel, [[field, explain(problem, panel.t)]]);
  else complain(panel, problem);
}

/* It is booked. */
export async function finish(panel, reply) {
  const appointment = reply.appointments?.[0] ?? reply; // of a series: its first
  appointment.others = reply.appointments?.slice(1);
  panel.form.hold = null;
  panel.form = null;
  panel.tell('booked', appointment);
  await takeCoach(panel, appointment);
  panel.go('done', appointment, 'booked');
}

/*
 * One idempotency key per form: kept while the same thing is sent again, so that a lost reply never books
 * twice. A hold that ended meanwhile is no reason to give up: the time is booked as it is, if it is still
 * free. A guest can book nothing but a hold, and takes another one.
 */
export async function send(panel, form) {
  const { name, email, phone, notes } = form.values;
  const guests = has(panel, 'guests') ? guestsIn(form.values.guests) : [];
  const rest = {
    time_zone: panel.zone,
    name: name.trim(),
    email: email.trim() || undefined,
    phone: phone.trim() || undefined,
    notes: notes.trim() || undefined,
    guests: guests.length ? guests : undefined,
    answers: answersGiven(panel.typeOf()?.questions, form.values.answers),
    promo_code: (has(panel, 'promo_code') && form.values.promo_code?.trim()) || undefined,
  };
  const send = async (method, path, body) => {
    const signature = path + JSON.stringify(body);
    if (form.sent !== signature) Object.assign(form, { sent: signature, key: newKey() });
    form.sending = true;
    try {
      return await panel.call(method, path, { body, key: form.key });
    } finally {
      form.sending = false;
    }
  };
  const confirm = ({ id }) => send('PUT', `booking/${id}/confirm`, { ...rest, code: form.code });
  if (form.series) {
    const { every_weeks, count } = form.series;
    const wish = { every_weeks, count, on_conflict: 'skip' };
    return send('POST', 'booking/series', { ...slotBody(panel, form.slot), ...rest, ...wish });
  }
  if (isGuest(panel)) return withHold(panel, confirm);
  if (form.hold) {
    try {
      return await confirm(form.hold);
    } catch (problem) {
      if (!isOver(problem) || problem.status === 401) throw problem;
      form.hold = null;
    }
  }
  return send('POST', 'booking/create', { ...slotBody(panel, form.slot), ...rest, code: form.code });
}
