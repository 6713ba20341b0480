/*
 * Where a coach's events are sent to: seen with their state, tried, paused, given a new secret, removed, added; and what was
 * sent there, to be sent again. Fetched with the view that it stands in; `tools` are the page's own functions.
 */

const types = [
  'appointment.created',
  'appointment.moved',
  'appointment.cancelled',
  'appointment.completed',
  'appointment.no_show',
  'appointment.meeting_ready',
  'appointment.guests_changed',
  'appointment.requested',
  'appointment.declined',
  'appointment.expired',
  'appointment.calendar_conflict',
  'hold.expired',
  'notice.failed',
  'calendar.needs_consent',
  'credits.changed',
  'waitlist.offered',
];

export async function webhooksSection(house, tools) {
  const { h, fill } = tools;
  const { t } = house;
  const view = { house, tools, list: h('div', { class: 'stack' }), notice: h('div', { class: 'stack' }) };
  view.heading = h('h2', { tabindex: '-1' }, t('webhooks'));
  const { webhooks } = await house.once('webhooks');
  fill(view.list, lines(view, webhooks));
  return h(
    'section',
    { class: 'stack ruled', id: 'webhooks' },
    view.heading,
    h('p', { class: 'hint' }, t('webhooksHint')),
    view.notice,
    view.list,
    addForm(view),
  );
}

function lines(view, webhooks) {
  const { h } = view.tools;
  if (!webhooks.length) return h('p', { class: 'muted' }, view.house.t('noWebhooks'));
  return h(
    'ul',
    { class: 'lines' },
    webhooks.map((one) => line(view, one)),
  );
}

/* Does something, shows the list as it then is, and says so; `words` may come of what was answered. */
async function act(view, words, then) {
  const { house, tools, notice, list } = view;
  const { h, fill } = tools;
  try {
    const answer = await then();
    const { webhooks } = await house.coachCall('GET', 'webhooks');
    fill(list, lines(view, webhooks));
    fill(notice, h('p', { class: 'notice' }, words), answer?.secret && secretPart(view, answer.secret));
    house.say(words);
    view.heading.focus();
    return answer ?? true;
  } catch (problem) {
    fill(notice, house.trouble(problem));
    return null;
  }
}

/* A secret is shown this once. */
function secretPart({ house, tools }, secret) {
  const { h, labelled } = tools;
  const { t } = house;
  const field = h('input', { id: 'webhook-secret', readonly: true, value: secret, spellcheck: 'false' });
  return h(
    'div',
    { class: 'stack' },
    labelled(house, field.id, t('webhookSecret'), field),
    h('p', { class: 'hint' }, t('webhookSecretHint')),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: () => house.copy(secret, field) }, t('copy')),
    ),
  );
}

function line(view, one) {
  const { house, tools } = view;
  const { h } = tools;
  const { t } = house;
  const path = `webhooks/${one.id}`;
  const change = (body, words) => () => act(view, words, () => house.coachCall('PUT', path, { body }));
  const button = (word, onclick) =>
    h('button', { type: 'button', 'aria-label': house.pair(t(word), one.url), onclick }, t(word));
  const facts = [
    t(`webhook_${one.state}`),
    one.types.length ? t('webhookTypesOf', { n: one.types.length }) : t('webhookAllTypes'),
    one.missed > 0 && t('webhookMissed', { n: one.missed }),
    one.failing_since && t('webhookFailing', { when: house.moment(Date.parse(one.failing_since)) }),
  ];
  return h(
    'li',
    null,
    h('strong', null, one.url),
    h('span', { class: one.state === 'disabled' ? 'no' : 'muted' }, facts.filter(Boolean).join(' · ')),
    one.state === 'disabled' && one.detail && h('p', null, one.detail),
    h(
      'div',
      { class: 'actions' },
      one.state === 'active' && button('webhookTest', () => sendTest(view, one)),
      button('webhookDeliveries', () => deliveriesDialog(view, one)),
      button('webhookTypes', () => typesDialog(view, one)),
      one.state === 'active'
        ? button('webhookPause', change({ active: false }, t('webhook_paused')))
        : button('webhookResume', change({ active: true }, t('webhookResumed'))),
      button('webhookRotate', () =>
        sure(view, 'webhookRotate', t('webhookRotateRule'), () =>
          act(view, t('webhookRotated'), () => house.coachCall('POST', `${path}/secret`)),
        ),
      ),
      button('remove', () =>
        sure(view, 'remove', t('webhookRemoveRule', { url: one.url }), () =>
          act(view, t('webhookRemoved'), () => house.coachCall('DELETE', path)),
        ),
      ),
    ),
  );
}

function sure({ house, tools }, word, rule, then) {
  const { t } = house;
  tools.question(t('webhookSure'), tools.h('p', null, rule), [[t(word), then]], t('stay'));
}

async function sendTest(view, one) {
  const { house, tools } = view;
  try {
    await house.coachCall('POST', `webhooks/${one.id}/test`);
  } catch (problem) {
    tools.fill(view.notice, house.trouble(problem));
    return;
  }
  await deliveriesDialog(view, one, 20);
  house.say(house.t('webhookTested'));
}

/* Which events: none ticked is all, those that come later too. */
function typeBoxes({ house, tools }, id, chosen) {
  const { h } = tools;
  const boxes = types.map((type) =>
    h('input', { type: 'checkbox', id: `${id}-${type}`, value: type, checked: chosen.includes(type) }),
  );
  return {
    element: h(
      'fieldset',
      { class: 'ticks' },
      h('legend', { class: 'hint' }, house.t('webhookTypesHint')),
      boxes.map((box) => h('label', { class: 'tickable', for: box.id }, box, h('code', null, box.value))),
    ),
    chosen: () => boxes.filter((box) => box.checked).map((box) => box.value),
  };
}

function typesDialog(view, one) {
  const { house, tools } = view;
  const { t } = house;
  const boxes = typeBoxes(view, 'types', one.types);
  const save = () =>
    act(view, t('saved'), () =>
      house.coachCall('PUT', `webhooks/${one.id}`, { body: { types: boxes.chosen() } }),
    );
  tools.question(t('webhookTypes'), boxes.element, [[t('save'), save]], t('close'));
}

/* What was sent, the latest first, a page at a time; `looks`: how often it is looked at again, for what is on its way. */
async function deliveriesDialog(view, one, looks = 0) {
  const { house, tools } = view;
  const { h, fill, modal } = tools;
  const { t } = house;
  const list = h('div', { class: 'stack' }, h('div', { class: 'bone small-bone', 'aria-hidden': 'true' }));
  const more = h('div', { class: 'actions' });
  const trouble = h('div', null);
  const path = `webhooks/${one.id}`;
  const ask = (cursor) =>
    house.coachCall(
      'GET',
      `${path}/deliveries?${new URLSearchParams({ limit: 20, ...(cursor && { cursor }) })}`,
    );
  const send = (what) => async () => {
    try {
      const { replayed } = await house.coachCall('POST', `${path}/${what}`);
      house.say(t('webhookReplayed', { n: replayed }));
      await load();
    } catch (problem) {
      fill(trouble, house.trouble(problem));
    }
  };
  const item = (delivery) => deliveryLine(view, delivery, send(`deliveries/${delivery.event_id}/retry`));
  let before = null;
  const load = async (rest = 20) => {
    const reply = await ask();
    if (JSON.stringify(reply) !== before) show(reply);
    before = JSON.stringify(reply);
    if (rest > 0) setTimeout(() => dialog.isConnected && load(rest - 1).catch(() => {}), 1500);
  };
  const show = ({ deliveries, next_cursor: next }) => {
    fill(
      list,
      deliveries.length
        ? h('ul', { class: 'lines' }, deliveries.map(item))
        : h('p', { class: 'muted' }, t('webhookNothingSent')),
    );
    page(next);
  };
  const page = (cursor) =>
    fill(
      more,
      cursor !== null &&
        h(
          'button',
          {
            type: 'button',
            onclick: async () => {
              try {
                const { deliveries, next_cursor: next } = await ask(cursor);
                list.querySelector('ul').append(...deliveries.map(item));
                page(next);
              } catch (problem) {
                fill(trouble, house.trouble(problem));
              }
            },
          },
          t('more'),
        ),
    );
  const dialog = modal(
    t('webhookDeliveries'),
    h('p', { class: 'hint' }, one.url),
    one.missed > 0 &&
      h(
        'div',
        { class: 'actions' },
        h(
          'button',
          { type: 'button', class: 'main', onclick: send('replay') },
          t('webhookReplay', { n: one.missed }),
        ),
      ),
    trouble,
    list,
    more,
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: () => dialog.close() }, t('close')),
    ),
  );
  await load(looks).catch((problem) => fill(list, house.trouble(problem)));
}

function deliveryLine({ house, tools }, one, again) {
  const { h } = tools;
  const { t } = house;
  const when = house.moment(Date.parse(one.tried_at ?? one.due_at));
  const facts = [
    when,
    one.last_status && `HTTP ${one.last_status}`,
    one.last_ms !== null && `${one.last_ms}\u00a0ms`,
    one.attempts > 1 && t('webhookTries', { n: one.attempts }),
    one.detail,
  ];
  return h(
    'li',
    null,
    h('code', null, one.type),
    h(
      'span',
      {
        class: ['failed', 'missed'].includes(one.state) ? 'no' : one.state === 'delivered' ? 'yes' : 'muted',
      },
      t(`delivery_${one.state}`),
    ),
    h('span', { class: 'small muted' }, facts.filter(Boolean).join(' · ')),
    ['delivered', 'failed', 'missed'].includes(one.state) &&
      h(
        'div',
        { class: 'actions' },
        h(
          'button',
          {
            type: 'button',
            'aria-label': house.pair(t('sendAgain'), `${one.type}, ${when}`),
            onclick: again,
          },
          t('sendAgain'),
        ),
      ),
  );
}

function addForm(view) {
  const { house, tools } = view;
  const { h, labelled } = tools;
  const { t } = house;
  const url = tools.addressField('webhook-url', 'url', 'https://example.com/bookings');
  const boxes = typeBoxes(view, 'new-types', []);
  return h(
    'form',
    {
      class: 'stack',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const address = url.value.trim();
        if (!address) return url.focus();
        const body = { url: address, types: boxes.chosen() };
        const added = await act(view, t('webhookAdded'), () => house.coachCall('POST', 'webhooks', { body }));
        if (added) event.target.reset();
        return undefined;
      },
    },
    labelled(house, url.id, t('webhookUrl'), url),
    h('details', null, h('summary', null, t('webhookTypes')), boxes.element),
    h('div', { class: 'actions' }, h('button', null, t('webhookAdd'))),
  );
}
