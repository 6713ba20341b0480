-- Text messages, to who wants them. A coach's own preferences stand apart from those of a person whose id looks like theirs.
alter table notice_preference
  add column sms boolean not null default false,
  add column of_coach boolean not null default false;
update notice_preference p set user_id = substr(user_id, 7), of_coach = true
where user_id like 'coach:%' and exists (select from coach where id = substr(p.user_id, 7));
alter table notice_preference drop constraint notice_preference_pkey, add primary key (user_id, of_coach);

update action_token t set user_id = substr(user_id, 7), page = 'coach'
where purpose = 'stop' and user_id like 'coach:%' and exists (select from coach where id = substr(t.user_id, 7));

drop function if exists claim_notice(integer);
