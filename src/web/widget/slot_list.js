import { h } from './dom.js';
import { dayOf, offsetLabel, offsetMinutes, zoneText } from './time.js';

/* Buttons for starts; where a clock is set back, the hour that comes twice says which one is meant. */
export function slotList(panel, slots, choose, withDay = false) {
  const zone = panel.answer?.coach_time_zone;
  const texts = slots.map((slot) => (withDay ? panel.moment(slot.at) : panel.time(slot.at)));
  const both =
    zone &&
    zone !== panel.zone &&
    slots.some((slot) => offsetMinutes(slot.at, zone) !== offsetMinutes(slot.at, panel.zone));
  return h(
    'ul',
    {
      class: both || withDay || slots.some((slot) => slot.seats_left) ? 'slots both' : 'slots',
      'aria-label': panel.t('zone', { zone: zoneText(panel.zone, slots[0].at) }),
    },
    slots.map((slot, index) => {
      const twice = texts.filter((text) => text === texts[index]).length > 1;
      const coachDay = both && dayOf(slot.at, zone) !== dayOf(slot.at, panel.zone);
      return h(
        'li',
        null,
        h(
          'button',
          { type: 'button', 'data-start': slot.start, onclick: () => choose(slot) },
          texts[index],
          twice && ` ${offsetLabel(slot.at, panel.zone)}`,
          slot.seats_left && h('small', null, panel.t('seatsLeft', { n: slot.seats_left })),
          both &&
            h(
              'small',
              null,
              panel.t('coachTime', {
                time: coachDay ? panel.moment(slot.at, zone) : panel.time(slot.at, zone),
              }),
            ),
        ),
      );
    }),
  );
}
