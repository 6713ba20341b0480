/* A time that has gone meanwhile: others near it are offered. */

import { h } from './dom.js';
import { slotList } from './slot_list.js';
import { ask } from './slots.js';
import { dayLength, dayOf } from './time.js';

/* Refusals that mean: this start is not to be had any more, look at fresh ones. */
export const goneCodes = new Set([
  'slot_taken',
  'session_full',
  'calendar_busy',
  'too_soon',
  'too_far',
  'outside_hours',
  'blocked',
  'not_aligned',
  'day_full',
]);

/* The time is gone: the form stays as it is, fresh times come above it and get the focus. */
export async function offerFresh(panel, problem) {
  const t = panel.t;
  const form = panel.form;
  const { view } = panel.page;
  form.stale = true;
  const lost = form.slot;
  const words = t(['slot_taken', 'session_full', 'calendar_busy'].includes(problem.code) ? 'taken' : 'gone', {
    time: panel.moment(lost.at),
  });
  const heading = h('h3', { tabindex: '-1' }, words);
  const place = h('div', { class: 'stack wide', 'aria-busy': 'true' }, h('div', { class: 'bone wide' }));
  const notice = h('div', { class: 'notice alarm' }, heading, place);
  const wrongs = panel.moving ? view.querySelector('.wrongs') : panel.page.wrongs;
  wrongs.replaceChildren(notice);
  heading.focus();
  panel.say(words);
  try {
    let { reply, slots } = await ask(
      panel,
      Math.max(panel.now(), lost.at - 3 * dayLength),
      lost.at + 14 * dayLength,
    );
    if (!slots.length) ({ reply, slots } = await ask(panel));
    if (!notice.isConnected) return;
    panel.answer = { ...panel.answer, ...reply };
    const near = slots
      .sort((a, b) => Math.abs(a.at - lost.at) - Math.abs(b.at - lost.at))
      .slice(0, 8)
      .sort((a, b) => a.at - b.at);
    place.removeAttribute('aria-busy');
    place.replaceChildren(
      ...(near.length
        ? [
            h('p', null, t('freeNow')),
            h(
              'div',
              { class: 'wide' },
              slotList(
                panel,
                near,
                (slot) => chooseFresh(panel, slot),
                near.some((slot) => dayOf(slot.at, panel.zone) !== dayOf(lost.at, panel.zone)),
              ),
            ),
          ]
        : [h('p', null, t('freeNone'))]),
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          onclick: () => (panel.moving ? panel.go('pick', panel.moving, true) : panel.go('changeTime')),
        },
        t('otherDay'),
      ),
    );
    panel.say(
      `${words} ${t(near.length ? 'freeNow' : 'freeNone')} ${near.length ? t('times', { n: near.length }) : ''}`,
    );
  } catch (again) {
    if (notice.isConnected) place.replaceChildren(panel.trouble(again, () => offerFresh(panel, problem)));
  }
}

function chooseFresh(panel, slot) {
  if (panel.moving) return panel.go('move', slot);
  Object.assign(panel.form, { slot, stale: false, sent: null, key: null });
  panel.go('takeTime');
  panel.page.wrongs.replaceChildren();
  panel.page.held.textContent = '';
  const next =
    [...panel.page.form.elements].find((input) => input.required && !input.value) ?? panel.page.submit;
  next.focus();
  return panel.say(panel.t('held', { when: panel.moment(slot.at) }));
}
