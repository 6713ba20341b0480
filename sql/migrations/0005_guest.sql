-- The client as the event's guest.
alter table appointment
  add column guest_refused  boolean not null default false, -- Google does not take the client's address as a guest's
  add column guest_response text not null default 'none';   -- accepted, declined, tentative, none
