"""Grant credits from a FastAPI backend when an order has been paid there.

    BOOKINGD_URL=http://127.0.0.1:8080 AUTH_JWT_SECRET=... ORDERS_SECRET=... uvicorn fastapi_credits:app

The order's number is the grant's reference: the same order grants once, however often it is told. So whatever goes
wrong on the way (a timeout, a restart, a payment provider that calls twice) the answer is to ask again.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

BOOKINGD_URL = os.environ["BOOKINGD_URL"].rstrip("/")
JWT_SECRET = os.environ["AUTH_JWT_SECRET"].encode()
ORDERS_SECRET = os.environ["ORDERS_SECRET"]
COACH = os.environ.get("COACH", "damian")

# What this platform sells: how many credits, and for how many days (None: for ever).
PACKAGES = {"three": (3, 180), "ten": (10, 365), "single": (1, None)}


def admin_token() -> str:
    """A token that lasts a minute, for bookingd alone (HS256)."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    claims = {"sub": "platform", "role": "admin", "exp": int(time.time()) + 60}
    signed = part(b'{"alg":"HS256","typ":"JWT"}') + "." + part(json.dumps(claims).encode())
    return signed + "." + part(hmac.new(JWT_SECRET, signed.encode(), hashlib.sha256).digest())


def grant_credits(order: str, user_id: str, amount: int, expires_at: str | None, patience: float = 30) -> dict:
    """The grant of an order. Asks again for `patience` seconds while bookingd is away or busy; blocks meanwhile.

    Raises urllib.error.HTTPError with bookingd's own problem where it says no: asking again would not help.
    """
    body = {"user_id": user_id, "amount": amount, "expires_at": expires_at, "external_ref": order}
    until = time.monotonic() + patience
    wait = 0.1
    while True:
        request = urllib.request.Request(
            f"{BOOKINGD_URL}/coach/{COACH}/credits",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {admin_token()}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code != 429 and error.code < 500:
                raise
        except OSError:
            pass  # refused, cut off, timed out: the order may or may not have been granted
        if time.monotonic() + wait > until:
            raise TimeoutError("bookingd cannot be reached; the order stays to be told")
        time.sleep(wait)
        wait = min(2 * wait, 5)


class PaidOrder(BaseModel):
    user_id: str
    package: str
    paid_at: int  # seconds since 1970: from the order, so that it is the same whenever this is told


app = FastAPI()


@app.post("/orders/{order}/paid")
def order_paid(order: str, paid: PaidOrder, x_orders_secret: str = Header("")) -> dict:
    """Called by the checkout; in a thread of its own, since FastAPI runs what is not `async` there."""
    if not hmac.compare_digest(x_orders_secret.encode(), ORDERS_SECRET.encode()):
        raise HTTPException(403)
    if paid.package not in PACKAGES:
        raise HTTPException(422, "no such package")
    amount, days = PACKAGES[paid.package]
    expires_at = None
    if days is not None:
        expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(paid.paid_at + days * 86400))
    try:
        grant = grant_credits(order, paid.user_id, amount, expires_at)
    except urllib.error.HTTPError as error:
        raise HTTPException(502, json.load(error)["detail"]) from error
    except TimeoutError as error:
        raise HTTPException(503, str(error)) from error
    return {"order": order, "grant": grant["id"], "amount": grant["amount"]}
