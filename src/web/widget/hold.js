/* A time is held while its form is filled in, and given back when it is not wanted. */

export function slotBody(panel, slot) {
  return {
    start: slot.start,
    duration_minutes: Math.round((slot.until - slot.at) / 60000),
    session_type: panel.answer.session_type,
    coach: panel.answer.coach,
  };
}

export const giveBack = (panel, held) =>
  panel
    .call('PUT', `booking/${held.id}/cancel`, {
      keepalive: true,
      quiet: true,
      guest: held.token ? held : null,
    })
    .catch(() => {});

/* A time held by a page that was left without a word counts against the limit: give it back. */
export async function letGo(panel) {
  const { appointments } = await panel.call('GET', 'booking/user/me');
  const held = appointments.filter((a) => a.status === 'held' && !a.offered);
  await Promise.all(held.map((one) => giveBack(panel, one)));
}

export function release(panel) {
  const form = panel.form;
  if (!form || form.sending) return; // what is on its way may be booked by now
  form.released = true;
  if (form.hold && !form.hold.offered) panel.released = giveBack(panel, form.hold);
  form.hold = null;
}
