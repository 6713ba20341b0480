-- A hold that is released is no cancelled session: it keeps the end it would have had, by which lists tell the two apart.
create or replace function cancel_appointment(p_id uuid, p_by text, p_exempt boolean, p_reason text, p_lease integer, p_actor actor)
returns table (outcome text, booked appointment) language plpgsql as $$
begin
  select * into booked from appointment where id = p_id for update;
  if booked.status = 'cancelled' then
    outcome := 'already';
  elsif booked.status not in ('scheduled', 'held') or (booked.status = 'held' and booked.hold_expires_at <= now()) then
    outcome := 'not_active';
  elsif booked.status = 'scheduled' and booked.ends_at <= now() then
    outcome := case when p_exempt then 'not_active' else 'cancellation_closed' end;
  elsif booked.status = 'scheduled' and not p_exempt
        and booked.starts_at - make_interval(mins => booked.cancel_notice_minutes) < now() then
    outcome := 'cancellation_closed';
  else
    update appointment
    set status = 'cancelled', cancelled_at = now(), cancelled_by = p_by, cancel_reason = p_reason, updated_at = now(),
        version = version + 1, calendar_attempts = 0, calendar_due_at = leased_until(p_lease),
        calendar_conflict = false, conference_pending = false
    where id = p_id returning * into booked;
    outcome := 'cancelled';
  end if;
  if outcome in ('cancelled', 'already') then
    perform note_action(p_actor, 'cancel', booked, 200);
  end if;
  return next;
end $$;
