-- It takes another parameter now.
drop function if exists end_grant(text, text);
