-- What a booking that takes credits writes is checked once. A grant stays as it was made, so only its balance is looked at
-- when that changes; the entry of a booking is told from the others before their rules are; and that the grant is there
-- the entry's own trigger sees (post_credit), which changes it.
alter table credit_grant
  drop constraint credit_grant_is_sound,
  add constraint credit_grant_balance check (balance >= 0); -- nobody spends what is not there
drop function credit_grant_is_sound(integer, integer, text);
drop trigger if exists credit_grant_keep on credit_grant;

alter table credit_entry drop constraint credit_entry_grant_id_fkey;
create or replace function credit_entry_is_sound(delta integer, reason text, actor text, appointment_id uuid) returns boolean
language plpgsql immutable as $$
begin
  if actor not in ('client', 'coach', 'admin', 'platform', 'calendar', 'system') then
    return false;
  elsif reason = 'booked' then
    return delta < 0 and appointment_id is not null;
  end if;
  return case
           when reason = 'granted' then delta > 0 and appointment_id is null
           when reason in ('expired', 'revoked') then delta < 0 and appointment_id is null
           when reason in ('returned', 'given_back') then delta > 0 and appointment_id is not null
           when reason in ('kept_late', 'kept_no_show') then delta = 0 and appointment_id is not null
           else false
         end;
end $$;

drop function if exists spend_credits(appointment, text);
