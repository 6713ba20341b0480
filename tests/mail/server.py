"""A real SMTP server (aiosmtpd) that fails where it is told to.

    python3 tests/mail/server.py [port]

Prints {"port": n} when it listens, then one JSON line for each message that it took: {"mail": {"from", "to", "raw"
(base64), "tls", "told": whether it meant to say so}}, and for each fault {"failed": verb}. Reads orders from stdin, one JSON
object a line, each answered by {"done": n}:

    {"fault": "RCPT", "reply": "452 4.2.2 full", "times": 1}   answer this verb so; times -1: from now on
    {"fault": "DATA", "do": "cut"}                             end the connection instead; "stall": never answer;
                                                               "hold": with a reply, not before the next heal
    {"fault": "DOT", "do": "cut", "take": true}                after the message, having taken it
    {"cycle": [faults...]}                                     one after the other, a message each, for ever
    {"heal": true}                                             no faults any more

Verbs: CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, and DOT for what follows the message.
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

arguments = [a for a in sys.argv[1:] if not a.startswith("--")]
options = dict(a[2:].split("=", 1) for a in sys.argv[1:] if a.startswith("--"))


def say(what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Script:
    """The faults still to come."""

    def __init__(self):
        self.faults = []
        self.cycle = []
        self.turn = 0
        self.held = 0  # how often "heal" let go what was held

    def take(self, verb):
        """The fault at this verb, or None."""
        fault = self.next(verb)
        if fault:
            say({"failed": verb})
        return fault

    def next(self, verb):
        if self.cycle:
            fault = self.cycle[self.turn % len(self.cycle)]
            if fault.get("fault") == verb:
                self.turn += 1
                return fault
            return None
        for fault in self.faults:
            if fault["fault"] == verb:
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] == 0:
                    self.faults.remove(fault)
                return fault
        return None

    def took(self):
        """A message went through without a fault."""
        if self.cycle and "fault" not in self.cycle[self.turn % len(self.cycle)]:
            self.turn += 1

    def order(self, what):
        if what.get("heal"):
            self.faults, self.cycle = [], []
            self.held += 1
        if "cycle" in what:
            self.cycle, self.turn = what["cycle"], 0
        if "fault" in what:
            self.faults.append({**what, "held": self.held})


script = Script()


class Server(SMTP):
    def connection_made(self, transport):
        fault = None if self.transport else script.take("CONNECT")
        if fault and fault.get("do") == "cut":
            transport.abort()
            return
        if fault and "reply" in fault:
            transport.write(fault["reply"].encode() + b"\r\n")
            transport.close()
            return
        super().connection_made(transport)

    async def failed(self, verb):
        """Whether this verb was answered by a fault."""
        fault = script.take(verb)
        if fault is None:
            return False
        await self.fail(fault)
        return True

    async def fail(self, fault):
        if fault.get("do") == "cut":
            self.transport.abort()
        elif fault.get("do") == "stall":
            await asyncio.sleep(3600)
        else:
            while fault.get("do") == "hold" and script.held == fault["held"]:
                await asyncio.sleep(0.05)
            await self.push(fault["reply"])

    async def smtp_EHLO(self, argument):
        if not await self.failed("EHLO"):
            await super().smtp_EHLO(argument)

    async def smtp_STARTTLS(self, argument):
        if not await self.failed("STARTTLS"):
            await super().smtp_STARTTLS(argument)

    async def smtp_AUTH(self, argument):
        if not await self.failed("AUTH"):
            await super().smtp_AUTH(argument)

    async def smtp_MAIL(self, argument):
        if not await self.failed("MAIL"):
            await super().smtp_MAIL(argument)

    async def smtp_RCPT(self, argument):
        if not await self.failed("RCPT"):
            await super().smtp_RCPT(argument)

    async def smtp_DATA(self, argument):
        if not await self.failed("DATA"):
            await super().smtp_DATA(argument)


class Handler:
    async def handle_DATA(self, server, session: Session, envelope: Envelope):
        fault = script.take("DOT")
        if fault is None or fault.get("take"):
            say(
                {
                    "mail": {
                        "from": envelope.mail_from,
                        "to": envelope.rcpt_tos,
                        "raw": base64.b64encode(envelope.original_content).decode(),
                        "tls": session.ssl is not None,
                        "told": fault is None,
                        "helo": session.host_name,
                        "options": envelope.mail_options,
                    }
                }
            )
        if fault is None:
            script.took()
            return "250 2.0.0 taken"
        if fault.get("do"):
            await server.fail(fault)
            return ""
        return fault["reply"]


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"ann" and data.password == b"secret-of-ann"
    return AuthResult(success=good, handled=not good and False)


def make():
    tls = None
    if "certificate" in options:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options["certificate"], options["key"])
    return Server(
        Handler(),
        hostname="mail.test",
        enable_SMTPUTF8="no-utf8" not in options,
        tls_context=tls,
        authenticator=authenticate if "auth" in options else None,
        auth_require_tls=False,
        auth_required="auth" in options,
        timeout=3600,
        ident="test",
    )


async def orders():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    count = 0
    while line := await reader.readline():
        script.order(json.loads(line))
        count += 1
        say({"done": count})


async def main():
    loop = asyncio.get_running_loop()
    port = int(arguments[0]) if arguments else 0
    server = await loop.create_server(make, "127.0.0.1", port)
    say({"port": server.sockets[0].getsockname()[1]})
    await orders()


asyncio.run(main())
