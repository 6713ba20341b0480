"""What a FastAPI platform adds to its login, so that its page books as whoever has just logged in (config/README.md).

Either a token, for AUTH_JWT_SECRET, or a session that is bound to its user, for AUTH_SESSION_QUERY. Both say that the
address is not verified: leave that out where the platform has users prove their address.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time

SECONDS = 12 * 3600


def booking_token(secret: str, user_id: str, email: str) -> str:
    """A bearer token (HS256) for the widget's `token`; `secret` is bookingd's AUTH_JWT_SECRET."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"sub": user_id, "email": email, "email_verified": False, "exp": int(time.time()) + SECONDS}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    return signed + "." + part(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


# Rows of this table are written at login and nowhere else. A session whose id a client chose is never in it.
LOGIN_SESSION = """
CREATE TABLE IF NOT EXISTS login_session (
  id         text PRIMARY KEY,
  user_id    text NOT NULL REFERENCES users ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
)"""

# AUTH_SESSION_QUERY of bookingd.
SESSION_QUERY = """
SELECT u.id AS user_id, u.email, false AS email_verified
FROM public.login_session s JOIN public.users u ON u.id = s.user_id
WHERE s.id = $1 AND s.expires_at > now()"""


def bind_session(cursor, user_id: str) -> str:
    """A session of this user's; the platform goes on with its id. It is new: one that was known before the login would
    sign in whoever chose it."""
    session_id = secrets.token_urlsafe(32)
    cursor.execute(
        "INSERT INTO login_session (id, user_id, expires_at) VALUES (%s, %s, now() + make_interval(secs => %s))",
        (session_id, user_id, SECONDS),
    )
    return session_id
