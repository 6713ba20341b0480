/*
 * The waiting list: what somebody waits for, and a time that is held for them because it has come free. An offer is a hold,
 * confirmed or declined as any.
 */

import { busy } from './busy.js';
import { newKey } from './calls.js';
import { ifStands, tellAbove } from './changed.js';
import { meet } from './coaches.js';
import { goOn, isGuest } from './details.js';
import { fill, h } from './dom.js';
import { certainty } from './session.js';
import { addDays, capital, cityOf, dayOf, firstWeekday, format, formatRange, offsetMinutes } from './time.js';

const week = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const someSunday = Date.UTC(2026, 10, 1, 12);

const weekday = (panel, day, style) =>
  format(someSunday + week.indexOf(day) * 86400000, panel.locale, { timeZone: 'UTC', weekday: style });

/* The days that suit, as boxes that look like buttons; none is any. */
function dayChoice(panel) {
  const first = firstWeekday(panel.region);
  const days = week.map((_, index) => week[(index + first) % 7]);
  const boxes = days.map((day) =>
    h('input', { type: 'checkbox', value: day, 'aria-label': weekday(panel, day, 'long') }),
  );
  return {
    element: h(
      'fieldset',
      { class: 'choice field', 'aria-describedby': 'days-hint' },
      h('legend', null, panel.t('waitDays')),
      h(
        'div',
        { class: 'options' },
        boxes.map((box) => h('label', null, box, h('span', null, weekday(panel, box.value, 'short')))),
      ),
      h('p', { class: 'hint', id: 'days-hint' }, panel.t('waitAnyDay')),
    ),
    chosen: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

/* Two fields of one kind in a row: from, to. */
function span(panel, kind, legend, hint, properties) {
  const input = (end) => h('input', { id: `wait-${kind}-${end}`, type: kind, ...properties });
  const [from, to] = [input('from'), input('to')];
  const wrong = h('p', { class: 'wrong', id: `wait-${kind}-wrong` });
  const field = (one, word) =>
    h('div', { class: 'field' }, h('label', { for: one.id, class: 'small' }, panel.t(word)), one);
  for (const one of [from, to]) one.setAttribute('aria-describedby', `wait-${kind}-hint wait-${kind}-wrong`);
  return {
    from,
    to,
    element: h(
      'fieldset',
      { class: 'field' },
      h('legend', null, legend),
      h('div', { class: 'row' }, field(from, 'waitFrom'), field(to, 'waitTo')),
      h('p', { class: 'hint', id: `wait-${kind}-hint` }, hint),
      wrong,
    ),
    /* Marks what is wrong, if anything is; answers whether it is well. */
    judge(words) {
      wrong.textContent = words || '';
      for (const one of [from, to])
        if (words) one.setAttribute('aria-invalid', 'true');
        else one.removeAttribute('aria-invalid');
      if (!words) return true;
      panel.say(words);
      from.focus();
      return false;
    },
  };
}

/* The form; somebody unknown signs in before, so that they can be found again. */
export function showWait(panel) {
  const { t, answer } = panel;
  if (isGuest(panel)) return panel.go('signIn', () => panel.go('wait'), 'waitSignIn');
  const zone = answer.coach_time_zone;
  const type = panel.typeOf();
  const today = dayOf(panel.now(), zone);
  const horizon = answer.horizon ? dayOf(Date.parse(answer.horizon), zone) : addDays(today, 365);
  const days = dayChoice(panel);
  const elsewhere = offsetMinutes(panel.now(), zone) !== offsetMinutes(panel.now(), panel.zone);
  const dates = span(panel, 'date', t('waitDates'), t('waitAnyDate'), { min: today, max: horizon });
  const hint = elsewhere ? t('waitClock', { city: cityOf(zone) }) : t('waitAnyTime');
  const times = span(panel, 'time', t('waitTimes'), hint, {});
  const trouble = h('div', { class: 'wide' });
  const submit = h('button', { class: 'main' }, t('waitJoin'));
  /* The server's words for what was chosen; null: something is wrong, and marked. */
  const wish = () => {
    const [from, to] = [times.from.value || '00:00', times.to.value || '24:00'];
    const ordered = !dates.from.value || !dates.to.value || dates.from.value <= dates.to.value;
    const dated = dates.judge(!ordered && t('waitWrongDates'));
    if (!times.judge(from >= to && t('waitWrongTimes')) || !dated) return null;
    return {
      coach: answer.coach,
      session_type: type.id,
      duration_minutes: answer.duration_minutes,
      from: dates.from.value || undefined,
      to: dates.to.value || undefined,
      days: days.chosen().length ? days.chosen() : undefined,
      between: times.from.value || times.to.value ? [from, to] : undefined,
      time_zone: panel.zone,
    };
  };
  const form = h(
    'form',
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const body = wish();
        const done = body && busy(panel, submit, t('sending'));
        if (!done) return;
        try {
          const entry = await panel.call('POST', 'booking/waitlist', { body, key: newKey() });
          showWaiting(panel, entry);
        } catch (problem) {
          done();
          fill(trouble, panel.trouble(problem));
        }
      },
    },
    days.element,
    times.element,
    dates.element,
    trouble,
    h(
      'div',
      { class: 'actions' },
      submit,
      h('button', { type: 'button', onclick: () => panel.go('pick', null, true) }, t('back')),
    ),
  );
  const about = [type.name, panel.lasting(answer.duration_minutes), panel.coachName()];
  panel.show(
    'wait',
    t('waitTitle'),
    [
      h(
        'div',
        { class: 'stack wide middle' },
        h('h3', null, about.filter(Boolean).join(' · ')),
        h('p', { class: 'muted' }, t('waitHow')),
        form,
      ),
    ],
    panel.page.title,
  );
  return undefined;
}

function showWaiting(panel, entry) {
  const { t } = panel;
  panel.show(
    'waiting',
    t('waitDone'),
    [
      h(
        'div',
        { class: 'stack wide middle' },
        h('div', { class: 'summary' }, waitFacts(panel, entry)),
        h('p', { class: 'muted' }, t('waitNext')),
        h(
          'div',
          { class: 'actions' },
          h(
            'button',
            { type: 'button', class: 'main', onclick: () => panel.go('sessions') },
            t('mySessions'),
          ),
          h('button', { type: 'button', onclick: () => panel.go('pick', null, true) }, t('waitTimesAgain')),
        ),
      ),
    ],
    panel.page.title,
  );
  panel.say(`${t('waitDone')}. ${t('waitNext')}`);
}

/* What is waited for, in words: the session, the days, the hours, the dates. */
function waitFacts(panel, entry) {
  const { t } = panel;
  const zone = panel.of(entry.coach)?.coach_time_zone ?? panel.zone;
  const list = new Intl.ListFormat(panel.locale, { type: 'conjunction' });
  const wall = (text) =>
    format(Date.parse(`1970-01-01T${text === '24:00' ? '00:00' : text}Z`), panel.locale, {
      timeZone: 'UTC',
      ...panel.clock(),
    });
  const days =
    entry.days.length === 7
      ? t('waitEveryDay')
      : list.format(entry.days.map((day) => weekday(panel, day, 'long')));
  const [from, to] = entry.between;
  const hours =
    (from !== '00:00' || to !== '24:00') &&
    t('waitBetween', { from: wall(from), to: wall(to), city: cityOf(zone) });
  const type = panel.typeOf(entry.session_type, entry.coach)?.name ?? t('titleAlone');
  return h(
    'ul',
    { class: 'facts' },
    panel.fact('clock', h('strong', null, `${type} · ${panel.lasting(entry.duration_minutes)}`)),
    panel.fact('calendar', capital([days, hours].filter(Boolean).join(', '), panel.locale)),
    panel.fact(
      'turn',
      formatRange(Math.max(Date.parse(entry.from), panel.now()), Date.parse(entry.to) - 1, panel.locale, {
        timeZone: zone,
        dateStyle: 'long',
      }),
    ),
  );
}

/* The entries that still wait, below the sessions; nothing where there is none. */
export async function waitingPart(panel) {
  const { t } = panel;
  const { waitlist } = await panel.call('GET', 'booking/waitlist', { quiet: true });
  const waiting = waitlist.filter((one) => one.state === 'waiting' && Date.parse(one.to) > panel.now());
  if (!waiting.length) return null;
  await meet(
    panel,
    waiting.map(({ coach }) => coach),
  );
  const heading = h('h3', { tabindex: '-1' }, t('waitList'));
  return h(
    'section',
    { class: 'stack wide' },
    heading,
    h(
      'ul',
      { class: 'sessions wide' },
      waiting.map((entry) => {
        const trouble = h('div', { class: 'wide' });
        const name = panel.typeOf(entry.session_type, entry.coach)?.name ?? t('titleAlone');
        const leave = async () => {
          try {
            const { waitlist: list } = await panel.call('GET', 'booking/waitlist');
            const now = list.find(({ id }) => id === entry.id);
            if (now?.state === 'offered') {
              const { start } = await panel.call('GET', `booking/${now.appointment_id}`);
              return tellAbove(panel, t('noticeOffer', { when: panel.moment(Date.parse(start)) }));
            }
            await panel.call('DELETE', `booking/waitlist/${entry.id}`);
            item.remove();
            panel.say(t('waitLeft'));
            heading.focus();
          } catch (problem) {
            fill(trouble, panel.trouble(problem));
          }
          return undefined;
        };
        const item = h(
          'li',
          null,
          waitFacts(panel, entry),
          entry.position && h('p', { class: 'small muted' }, t('waitPlace', { n: entry.position })),
          trouble,
          h(
            'button',
            { type: 'button', 'aria-label': t('pair', { a: t('waitLeave'), b: name }), onclick: leave },
            t('waitLeave'),
          ),
        );
        return item;
      }),
    ),
  );
}

/*
 * What can be done with an offer; `again` shows what has become of it. Confirming asks for the form only where the server
 * wants to know more than it does.
 */
export function offerPart(panel, a, again) {
  const { t } = panel;
  const trouble = h('div', { class: 'wide' });
  const label = (text) => ({ 'aria-label': t('pair', { a: text, b: panel.moment(Date.parse(a.start)) }) });
  const certain = certainty(panel, 'certainOffer');
  const sure = () => !certain || certain.querySelector('input').reportValidity();
  const key = newKey();
  const take = async () => {
    if (!sure()) return undefined;
    const done = busy(panel, main, t('sending'));
    if (!done) return undefined;
    try {
      const { name, email } = a;
      const body = { time_zone: panel.zone, name: name ?? undefined, email: email ?? undefined };
      const booked = await ifStands(
        panel,
        a,
        () => panel.call('PUT', `booking/${a.id}/confirm`, { body, key }),
        ({ status }) => status === 'scheduled' || status === 'requested',
      );
      if (!booked) return undefined;
      panel.tell('booked', booked);
      panel.go('done', booked, 'booked');
    } catch (problem) {
      done();
      if (!problem.field) return fill(trouble, panel.trouble(problem));
      await goOn(panel, a, problem).catch((other) => fill(trouble, panel.trouble(other)));
    }
    return undefined;
  };
  const decline = async () => {
    if (!sure()) return;
    try {
      const declined = await ifStands(
        panel,
        a,
        () => panel.call('PUT', `booking/${a.id}/cancel`, { key: newKey() }),
        ({ status }) => status === 'cancelled' || status === 'expired',
      );
      if (!declined) return;
      panel.say(t('waitDeclined'));
      again();
    } catch (problem) {
      fill(trouble, panel.trouble(problem));
    }
  };
  const main = h(
    'button',
    { type: 'button', class: 'main', ...label(t('confirm')), onclick: take },
    t('confirm'),
  );
  return [
    h('p', null, t('offerUntil', { when: panel.moment(Date.parse(a.hold_expires_at)) })),
    certain,
    trouble,
    h(
      'div',
      { class: 'actions' },
      main,
      h('button', { type: 'button', ...label(t('offerDecline')), onclick: decline }, t('offerDecline')),
    ),
  ];
}
