/* What a session costs, in credits or in money that is paid elsewhere, and what the client has left. */

import { h } from './dom.js';
import { format } from './time.js';

/* Above the button that books: what it takes, what there is, and a place for a code. */
export function costPart(panel, codeField) {
  const { t, answer } = panel;
  const type = panel.typeOf();
  const price = type?.price;
  const text = panel.price(price);
  if (!text) return null;
  const credits = answer?.credits;
  const left = credits && t('creditsLeft', { n: credits.balance });
  return h(
    'div',
    { class: 'stack wide' },
    h('p', { id: 'costs' }, t('costs', { price: text }), left && ` ${left}`),
    price.currency && h('p', { class: 'hint' }, t('paidElsewhere')),
    price.credits &&
      type.late_cancel === 'keep' &&
      h('p', { class: 'hint' }, t('lateCosts', { time: panel.lasting(type.cancel_notice_minutes) })),
    codeField,
  );
}

/* What cancelling a session now would mean for what it took. */
export function cancelCost(panel, a) {
  const { t } = panel;
  if (a.payment?.state !== 'paid') return null;
  if (a.cancel_costs?.credits) return t('cancelCosts', { n: a.cancel_costs.credits });
  if (a.cancel_costs) return t('cancelCostsCode');
  return a.payment.amount ? t('cancelReturns', { n: a.payment.amount }) : null;
}

/* What became of it, once that is settled. */
export const keptText = (panel, a) =>
  a.payment?.state === 'kept' && a.payment.amount ? panel.t('creditsKept', { n: a.payment.amount }) : null;

/* With its year: credits may last longer than one. */
const lastDay = (panel, end) =>
  format(end - 1, panel.locale, { timeZone: panel.zone, day: 'numeric', month: 'long', year: 'numeric' });

/* The balance, above the client's sessions; nothing for whoever was never granted any. */
export async function showBalance(panel, place) {
  const { t } = panel;
  const reply = await panel.call('GET', 'booking/user/me/credits?limit=1', { quiet: true }).catch(() => null);
  if (!reply?.grants.length || !place.isConnected) return;
  const ends = reply.grants
    .filter((grant) => grant.usable && grant.usable_until)
    .map((grant) => Date.parse(grant.usable_until));
  place.replaceChildren(
    h('strong', null, t('creditsLeft', { n: reply.balance })),
    ...(ends.length
      ? [
          h(
            'span',
            { class: 'muted small' },
            ` ${t('creditsEnd', { when: lastDay(panel, Math.min(...ends)) })}`,
          ),
        ]
      : []),
  );
}
