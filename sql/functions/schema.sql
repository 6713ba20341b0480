-- What the schema is made of, so that it can be held against what it was when it was last migrated (schema_object).
-- Double bookings are kept out by a constraint, and a restore that fails half-way, or a hand, may take it away.

-- Everything of ours in the schema as it is now. The definitions are statements, or parts of one, that make it again; what
-- is there but not in force has a remark in brackets, and so differs.
create or replace function live_objects() returns table (kind text, relation text, name text, definition text)
language sql stable set search_path = bookingd as $$
  select 'extension', '', extname::text, 'installed' from pg_extension where extname = 'btree_gist'
  union all
  select 'table', '', relname::text,
         case relpersistence when 'p' then 'permanent' else '(not permanent)' end
         || case when relrowsecurity or relforcerowsecurity then ' (row security)' else '' end
  from pg_class where relnamespace = 'bookingd'::regnamespace and relkind = 'r'
  union all
  select 'column', c.relname::text, a.attname::text,
         format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
         || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
  from pg_attribute a
  join pg_class c on c.oid = a.attrelid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relnamespace = 'bookingd'::regnamespace and c.relkind in ('r', 'c') and a.attnum > 0 and not a.attisdropped
  union all
  select 'constraint', r.relname::text, c.conname::text,
         pg_get_constraintdef(c.oid)
         || case when not c.convalidated then ' (not valid)' else '' end
         || case when exists (select from pg_index i
                              where i.indexrelid = c.conindid and not (i.indisvalid and i.indisready and i.indislive))
                 then ' (not valid)' else '' end
         || case when exists (select from pg_trigger t where t.tgconstraint = c.oid and t.tgenabled not in ('O', 'A'))
                 then ' (disabled)' else '' end
  from pg_constraint c
  join pg_class r on r.oid = c.conrelid
  where c.connamespace = 'bookingd'::regnamespace and c.contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 'index', r.relname::text, x.relname::text,
         pg_get_indexdef(i.indexrelid)
         || case when i.indisvalid and i.indisready and i.indislive then '' else ' (not valid)' end
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  join pg_class r on r.oid = i.indrelid
  where x.relnamespace = 'bookingd'::regnamespace
    and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
  union all
  select 'trigger', r.relname::text, t.tgname::text,
         pg_get_triggerdef(t.oid) || case when t.tgenabled in ('O', 'A') then '' else ' (disabled)' end
  from pg_trigger t
  join pg_class r on r.oid = t.tgrelid
  where r.relnamespace = 'bookingd'::regnamespace and not t.tgisinternal
  union all
  select 'function', '', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
  from pg_proc p
  where p.pronamespace = 'bookingd'::regnamespace and p.prokind = 'f'
    and not exists (select from pg_depend d
                    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e');
$$;

-- What is missing or differs from what was recorded.
create or replace function lost_objects() returns table (kind text, relation text, name text, definition text, fault text)
language sql stable set search_path = bookingd as $$
  select o.kind, o.relation, o.name, o.definition,
         case when l.kind is null then 'is missing'
              when l.definition like '% (row security)' then 'has row security, which hides rows from the daemon'
              else coalesce('is ' || substring(l.definition from ' ?\((not valid|disabled|not permanent)\)$'), 'differs') end
  from schema_object o left join live_objects() l using (kind, relation, name)
  where l.definition is distinct from o.definition
  order by o.kind = 'index', o.kind, o.relation, o.name;
$$;

-- What is in the schema, is not ours, and comes between a statement of ours and its rows: a rule, a trigger that may
-- change or drop a row before it is written, and a function that makes it unclear which of two is called. It is
-- somebody's, and not taken away by us.
create or replace function foreign_objects() returns table (kind text, relation text, name text, fault text)
language sql stable set search_path = bookingd as $$
  with foreign_object as (
    select 'rule' as kind, c.relname::text as relation, r.rulename::text as name
    from pg_rewrite r
    join pg_class c on c.oid = r.ev_class
    where c.relnamespace = 'bookingd'::regnamespace and c.relkind = 'r'
    union all
    select 'trigger', c.relname::text, t.tgname::text
    from pg_trigger t
    join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'bookingd'::regnamespace and c.relkind = 'r' and not t.tgisinternal and t.tgenabled in ('O', 'A')
      and t.tgtype & 3 = 3 -- for each row, before
    union all
    select 'function', '', p.oid::regprocedure::text
    from pg_proc p
    where p.pronamespace = 'bookingd'::regnamespace
      and p.proname in (select split_part(o.name, '(', 1) from schema_object o where o.kind = 'function')
  )
  select f.kind, f.relation, f.name, 'is not of bookingd and may change what it writes (drop it)'
  from foreign_object f
  where not exists (select from schema_object o where (o.kind, o.relation, o.name) = (f.kind, f.relation, f.name))
  order by f.kind, f.relation, f.name;
$$;

-- Record what there is: the end of every migration.
create or replace function record_objects() returns void language sql set search_path = bookingd as $$
  delete from schema_object;
  insert into schema_object select * from live_objects();
$$;

-- Put back what is missing or differs, as far as it holds no data. Fails with the server's own words where rows stand in
-- the way: the constraint where two appointments overlap. What cannot be put back comes first, to be named.
create or replace function repair_objects() returns void language plpgsql set search_path = bookingd as $$
declare
  lost record;
begin
  for lost in
    select * from lost_objects()
    order by array_position(array['table', 'column', 'extension', 'function', 'constraint', 'index', 'trigger'], kind),
             definition not like 'PRIMARY KEY%', name
  loop
    if lost.kind = 'table' and lost.fault <> 'is missing' then
      execute format('alter table %I disable row level security, no force row level security', lost.name);
      if (select relpersistence <> 'p' from pg_class where oid = to_regclass(format('%I', lost.name))) then
        execute format('alter table %I set logged', lost.name);
      end if;
      continue;
    end if;
    case lost.kind
      when 'extension' then execute format('create extension if not exists %I', lost.name);
      when 'function' then execute lost.definition;
      when 'constraint' then
        execute format('alter table %I drop constraint if exists %I', lost.relation, lost.name);
        execute format('alter table %I add constraint %I %s', lost.relation, lost.name, lost.definition);
        -- A foreign key that was disabled is created again, with the triggers that keep it.
      when 'index' then
        execute format('drop index if exists %I', lost.name);
        execute lost.definition;
      when 'trigger' then
        execute format('drop trigger if exists %I on %I', lost.name, lost.relation);
        execute lost.definition;
      else
        raise exception 'the % % % and cannot be put back: restore a complete backup',
          lost.kind, concat_ws('.', nullif(lost.relation, ''), lost.name), lost.fault;
    end case;
  end loop;
end $$;
