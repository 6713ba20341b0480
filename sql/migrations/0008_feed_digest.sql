-- The token of a coach's feed is kept as a digest, feed_token, and sealed for showing it again.
alter table coach add column feed_sealed text; -- null: it cannot be shown again
update coach set feed_token = 'sha256:' || encode(sha256(convert_to(feed_token, 'UTF8')), 'hex');
