-- How a coach shows to clients: who they are, the name in the address of their page, their picture.

create table coach_profile (
  coach_id    text primary key references coach on delete cascade,
  name        text check (length(name) between 1 and 100),
  headline    text check (length(headline) between 1 and 160),
  about       text check (length(about) between 1 and 2000),
  accent      text check (accent ~ '^#[0-9a-f]{6}$'),
  languages   text[] not null default '{}' check (cardinality(languages) <= 8),
  slug        text unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 64),
  picture      bytea check (octet_length(picture) between 1 and 204800),
  picture_type text check (picture_type in ('image/png', 'image/jpeg', 'image/webp')),
  picture_tag  text check (picture_tag ~ '^[0-9a-f]{16}$'),
  updated_at  timestamptz not null default now(),
  check (num_nulls(picture, picture_type, picture_tag) in (0, 3))
);

-- Every name that ever led to a coach's page. One that was given away in a link is nobody else's afterwards.
create table coach_address (
  slug     text primary key,
  coach_id text not null references coach on delete cascade
);
