"""A booking page's server of the usual kind: FastAPI's ordinary (threaded) functions over a pool of psycopg2.

DATABASE_URL and SECRET; run by uvicorn with a process for each core, as FastAPI's documentation of deployment says.
"""

import os
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg2.pool import ThreadedConnectionPool
from pydantic import BaseModel, Field

THREADS = 40  # that Starlette has for such functions, at moments a few more: a connection for each, which the pool keeps
STEP = timedelta(minutes=30)

pool = ThreadedConnectionPool(THREADS, 2 * THREADS, os.environ["DATABASE_URL"])
app = FastAPI()


@contextmanager
def transaction():
    connection = pool.getconn()
    try:
        with connection, connection.cursor() as cursor:
            yield cursor
    finally:
        pool.putconn(connection)


def who(credentials: HTTPAuthorizationCredentials = Depends(HTTPBearer())):
    try:
        return jwt.decode(credentials.credentials, os.environ["SECRET"], algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "Please sign in.") from error


class Slot(BaseModel):
    start: datetime
    end: datetime


class Slots(BaseModel):
    slots: list[Slot]


class Wish(BaseModel):
    coach: str
    start: datetime
    duration_minutes: int = Field(ge=5)


@app.get("/healthz")
def healthz():
    return {"ok": True}


@app.get("/booking/availability", response_model=Slots)
def availability(coach: str, start: datetime = Query(alias="from"), to: datetime = Query(), duration: int = 30, user=Depends(who)):
    with transaction() as cursor:
        cursor.execute(
            """SELECT starts_at, ends_at FROM appointment
               WHERE coach_id = %s AND status = 'scheduled' AND starts_at < %s AND ends_at > %s ORDER BY starts_at""",
            (coach, to, start),
        )
        busy = cursor.fetchall()
    length = timedelta(minutes=duration)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    at = epoch - (epoch - start) // STEP * STEP
    slots = []
    while at + length <= to:
        if not any(starts < at + length and ends > at for starts, ends in busy):
            slots.append({"start": at, "end": at + length})
        at += STEP
    return {"slots": slots}


@app.post("/booking/create", status_code=201)
def create(wish: Wish, user=Depends(who)):
    end = wish.start + timedelta(minutes=wish.duration_minutes)
    with transaction() as cursor:
        cursor.execute(
            """SELECT 1 FROM appointment
               WHERE coach_id = %s AND status = 'scheduled' AND starts_at < %s AND ends_at > %s""",
            (wish.coach, end, wish.start),
        )
        if cursor.fetchone():
            raise HTTPException(409, "This time has just been taken.")
        cursor.execute(
            """INSERT INTO appointment (coach_id, user_id, email, starts_at, ends_at)
               VALUES (%s, %s, %s, %s, %s) RETURNING id, coach_id, starts_at, ends_at, status""",
            (wish.coach, user["sub"], user["email"], wish.start, end),
        )
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone()))
