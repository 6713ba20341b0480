-- Which coach was chosen for a client who asked for any, and out of whom: so the next choice is fair, and it can be looked up.
create table coach_choice (
  appointment_id uuid primary key references appointment on delete cascade,
  session_type text not null,
  candidates text[] not null, -- in the order of their turn; the appointment's coach was the first who was free
  chosen_at timestamptz not null default now()
);
create index coach_choice_lately on coach_choice (session_type, chosen_at);

-- Who asks for a coach of that name asks for any.
alter table coach add constraint coach_id_is_not_any check (id <> 'any') not valid;
