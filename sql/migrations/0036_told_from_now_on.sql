-- It takes another parameter now.
drop function if exists end_grant(text, text);
-- A series that is asked for is announced as one.
drop function if exists announce_request(boolean);
