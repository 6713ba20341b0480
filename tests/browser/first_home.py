"""A platform whose sessions prove nobody: any X-Session-ID that a client sends is taken and created, as the first home does
it. Its login does besides what config/fastapi_login.py says, by LOGIN: mail (nothing), token or session."""

import json
import os

import fastapi_login
import psycopg2
from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware

db = psycopg2.connect(os.environ["PLATFORM_DATABASE"])
db.autocommit = True
app = FastAPI()


@app.middleware("http")
async def take_any_session(request: Request, call_next):
    session = request.headers.get("x-session-id")
    if session:
        with db.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sessions (id, expires_at, user_data) VALUES (%s, now() + interval '1 day', %s)"
                " ON CONFLICT DO NOTHING",
                (session, json.dumps({"email": "somebody@client.test"})),
            )
    return await call_next(request)


app.add_middleware(
    CORSMiddleware, allow_origins=[os.environ["PAGE"]], allow_methods=["*"], allow_headers=["*"]
)


@app.get("/config")
def config():
    return {"apiBase": os.environ["API_BASE"]}


@app.get("/auth/me")
def me(request: Request):
    return {"user_id": request.headers.get("x-user-id"), "metrics": {"sessions": 1}}


@app.post("/auth/login")
def login(body: dict):
    with db.cursor() as cursor:
        cursor.execute(
            "SELECT id, email FROM users WHERE email = %s AND password_hash = %s", (body["email"], body["password"])
        )
        user = cursor.fetchone()
        if user is None:
            raise HTTPException(401, "Wrong email or password.")
        answer = {"user_id": user[0], "email": user[1]}
        if os.environ["LOGIN"] == "token":
            answer["booking_token"] = fastapi_login.booking_token(os.environ["AUTH_JWT_SECRET"], *user)
        if os.environ["LOGIN"] == "session":
            answer["session_id"] = fastapi_login.bind_session(cursor, user[0])
    return answer
