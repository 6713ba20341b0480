/*
 * Packages and promo codes: who has been granted what, and what is left; codes, and how often they were used.
 */

import { newKey } from '../widget/calls.js';
import { fill, h } from '../widget/dom.js';
import { addDays, format, instantOf, isoText } from '../widget/time.js';
import { keepTyped, labelled, modal } from './dialogs.js';
import { saveCsv } from './people.js';

export async function creditsView(house, heading) {
  const { t } = house;
  const grants = h('div', { class: 'stack' });
  const codes = h('div', { class: 'stack' });
  const view = { house, grants, codes, shown: [] };
  await Promise.all([loadGrants(view), loadCodes(view)]);
  return [
    heading,
    h(
      'section',
      { class: 'stack' },
      h('h2', null, t('creditsGiven')),
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'button', class: 'main', onclick: () => grantDialog(view) }, t('grantCredits')),
        h('button', { type: 'button', onclick: () => downloadGrants(view) }, t('csv')),
      ),
      grants,
    ),
    h(
      'section',
      { class: 'stack' },
      h('h2', null, t('promoCodes')),
      h(
        'div',
        { class: 'row' },
        h('button', { type: 'button', onclick: () => codeDialog(view) }, t('newCode')),
      ),
      codes,
    ),
  ];
}

const dateText = (house, instant) =>
  format(instant, house.locale, { timeZone: house.zone, day: 'numeric', month: 'long', year: 'numeric' });

/* The last day on which something is good that ends at an instant. */
const untilText = (house, end) => house.t('until', { when: dateText(house, Date.parse(end) - 1) });

/* What stands for a person, or a platform's reference, once the person is erased. */
const isErased = (text) => /^erased-[0-9a-f]{32}$/.test(text);

/* Who a grant is for: by name and address, as they last told them; an id may be as long as the platform likes. */
function whoText({ t }, { name, email, user_id: id }) {
  if (name || email) return [name, email].filter(Boolean).join(', ');
  if (isErased(id)) return t('unnamed');
  if (id.startsWith('mail:')) return t('notBookedYet');
  return id.length > 40 ? `${id.slice(0, 39)}…` : id;
}

const grantColumns = [
  'user_id',
  'name',
  'email',
  'amount',
  'balance',
  'usable',
  'expires_at',
  'source',
  'external_ref',
  'created_at',
];

/* All of them, also those that are not shown yet. */
async function downloadGrants(view) {
  while (view.cursor) await loadGrants(view, false);
  saveCsv('credits.csv', grantColumns, view.shown);
}

async function loadGrants(view, afresh = true) {
  const { house } = view;
  const { t } = house;
  const query = new URLSearchParams({ limit: '100', ...(!afresh && view.cursor && { cursor: view.cursor }) });
  const reply = await house.coachCall('GET', `credits?${query}`);
  view.shown = afresh ? reply.grants : [...view.shown, ...reply.grants];
  view.cursor = reply.next_cursor;
  fill(
    view.grants,
    view.shown.length === 0 && h('p', { class: 'muted' }, t('noPackages')),
    view.shown.map((grant) => grantCard(view, grant)),
    view.cursor && h('button', { type: 'button', onclick: () => loadGrants(view, false) }, t('more')),
  );
}

function grantCard(view, grant) {
  const { house } = view;
  const { t } = house;
  const state = grant.revoked_at
    ? t('takenBack')
    : grant.usable_until && Date.parse(grant.usable_until) <= house.now()
      ? t('packageEnded')
      : null;
  const kinds = grant.session_types?.join(', ');
  return h(
    'article',
    { class: 'box stack' },
    h('h3', null, whoText(house, grant)),
    h(
      'p',
      null,
      t('creditsOf', { n: grant.amount, left: grant.usable }),
      state && h('span', { class: 'badge' }, state),
    ),
    h(
      'p',
      { class: 'muted small' },
      [
        t('given', { when: dateText(house, Date.parse(grant.created_at)) }),
        grant.usable_until && untilText(house, grant.usable_until),
        kinds,
        !/^page-/.test(grant.external_ref) && !isErased(grant.external_ref) && grant.external_ref,
      ]
        .filter(Boolean)
        .join(' · '),
    ),
    grant.usable > 0 &&
      h(
        'button',
        {
          type: 'button',
          class: 'plain small',
          'aria-label': house.pair(t('takeBack'), whoText(house, grant)),
          onclick: () =>
            sureDialog(
              view,
              t('takeBack'),
              t('takeBackSure', { n: grant.usable }),
              `credits/${grant.id}`,
              loadGrants,
            ),
        },
        t('takeBack'),
      ),
  );
}

async function loadCodes(view) {
  const { house } = view;
  const { t } = house;
  const { promo_codes: list } = await house.coachCall('GET', 'promo-codes');
  fill(
    view.codes,
    list.length === 0 && h('p', { class: 'muted' }, t('noCodes')),
    list.map((one) =>
      h(
        'article',
        { class: 'box stack' },
        h('h3', null, one.code),
        h(
          'p',
          null,
          [
            t(`code_${one.kind}`, { n: one.value }),
            one.max_uses ? t('usedOf', { n: one.used, most: one.max_uses }) : t('used', { n: one.used }),
            one.per_user && t('perPerson', { n: one.per_user }),
            one.to && untilText(house, one.to),
          ]
            .filter(Boolean)
            .join(' · '),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'plain small',
            'aria-label': house.pair(t('endCode'), one.code),
            onclick: () =>
              sureDialog(
                view,
                t('endCode'),
                t('endCodeSure', { code: one.code }),
                `promo-codes/${one.code}`,
                loadCodes,
              ),
          },
          t('endCode'),
        ),
      ),
    ),
  );
}

/* A form in a window: send() makes the call and answers; then the list is read again. */
function formDialog(view, title, fields, word, send, reload) {
  const { house } = view;
  const { t } = house;
  const trouble = h('div', null);
  const button = h('button', { type: 'submit', class: 'main' }, word);
  const dialog = modal(
    title,
    h(
      'form',
      {
        class: 'stack',
        onsubmit: async (event) => {
          event.preventDefault();
          if (button.getAttribute('aria-disabled')) return;
          button.setAttribute('aria-disabled', 'true');
          try {
            await send();
            dialog.close();
            await reload(view);
            house.say(t('saved'));
          } catch (problem) {
            fill(trouble, house.trouble(problem));
          } finally {
            button.removeAttribute('aria-disabled');
          }
        },
      },
      fields,
      trouble,
      h(
        'div',
        { class: 'actions' },
        button,
        h('button', { type: 'button', onclick: () => dialog.close() }, t('cancelForm')),
      ),
    ),
  );
  keepTyped(house, dialog);
}

const sureDialog = (view, title, text, path, reload) =>
  formDialog(view, title, h('p', null, text), title, () => view.house.coachCall('DELETE', path), reload);

/* The end of one of the coach's days, as an instant. */
const dayEnd = (house, day) => (day ? isoText(instantOf(addDays(day, 1), 0, house.zone)) : undefined);

const numberIn = (input) => (input.value === '' ? undefined : Number(input.value));

function grantDialog(view) {
  const { house } = view;
  const { t } = house;
  const email = h('input', {
    id: 'grant-email',
    type: 'email',
    required: true,
    maxlength: 254,
    autocomplete: 'off',
  });
  const amount = h('input', {
    id: 'grant-amount',
    type: 'number',
    min: 1,
    max: 10000,
    required: true,
    value: 3,
  });
  const until = h('input', { id: 'grant-until', type: 'date' });
  const external_ref = `page-${newKey()}`; // sent twice, it is granted once
  formDialog(
    view,
    t('grantCredits'),
    [
      labelled(house, 'grant-email', t('clientEmail'), email),
      labelled(house, 'grant-amount', t('howMany'), amount),
      labelled(house, 'grant-until', t('lastDay'), until, true),
    ],
    t('grantCredits'),
    () =>
      house.coachCall('POST', 'credits', {
        body: {
          email: email.value.trim(),
          amount: numberIn(amount),
          expires_at: dayEnd(house, until.value),
          external_ref,
        },
      }),
    loadGrants,
  );
}

function codeDialog(view) {
  const { house } = view;
  const { t } = house;
  const code = h('input', {
    id: 'code-code',
    required: true,
    maxlength: 40,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const value = h('input', { id: 'code-value', type: 'number', min: 1, max: 1000, value: 1 });
  const kind = h(
    'select',
    {
      id: 'code-kind',
      onchange: () => {
        value.closest('.field').hidden = kind.value === 'free';
      },
    },
    ['credits', 'percent', 'free'].map((name) => h('option', { value: name }, t(`kind_${name}`))),
  );
  const most = h('input', { id: 'code-most', type: 'number', min: 1 });
  const each = h('input', { id: 'code-each', type: 'number', min: 1, value: 1 });
  const until = h('input', { id: 'code-until', type: 'date' });
  formDialog(
    view,
    t('newCode'),
    [
      labelled(house, 'code-code', t('codeWord'), code),
      labelled(house, 'code-kind', t('codeKind'), kind),
      labelled(house, 'code-value', t('howMuch'), value),
      labelled(house, 'code-most', t('usesInAll'), most, true),
      labelled(house, 'code-each', t('usesEach'), each, true),
      labelled(house, 'code-until', t('lastDay'), until, true),
    ],
    t('newCode'),
    () =>
      house.coachCall('POST', 'promo-codes', {
        body: {
          code: code.value.trim(),
          kind: kind.value,
          value: kind.value === 'free' ? undefined : numberIn(value),
          max_uses: numberIn(most),
          per_user: numberIn(each),
          to: dayEnd(house, until.value),
        },
      }),
    loadCodes,
  );
}
