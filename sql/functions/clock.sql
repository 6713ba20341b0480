/*
 * This server's clock was set back: all that waits for a moment would wait as much longer. So it is taken up now, and what
 * somebody is at, once the longest lease (a minute) can have ended. Holds, sessions and codes just last longer.
 */
create or replace function bring_forward() returns void language plpgsql as $$
begin
  update appointment a set calendar_due_at = now()
  where calendar_id is not null and (version > synced_version or conference_pending) and calendar_due_at > now() and owes_google(a);
  update coach_calendar set poll_due_at = now() where writes and poll_due_at > now();
  update busy_source set due_at = now() where due_at > now();
  update notice set due_at = now() + case state when 'sending' then interval '1 minute' else '0' end
  where state in ('owed', 'retry', 'sending') and due_at > now() + interval '1 minute';
  update webhook_endpoint set busy_until = now() + interval '1 minute' where busy_until > now() + interval '1 minute';
  update webhook_delivery set due_at = now() + case state when 'sending' then interval '1 minute' else '0' end
  where state in ('owed', 'sending') and due_at > now() + interval '1 minute';
end $$;
