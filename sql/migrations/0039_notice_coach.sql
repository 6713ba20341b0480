-- What a client and their guests were told of an appointment that is another coach's since names whose it was then; null:
-- that coach still has it, or had it when a former release told them.
alter table notice add column coach_id text;
