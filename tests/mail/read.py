"""Takes mails apart with Python's email package and python3-icalendar: base64 lines in, a JSON line each out."""

import base64
import email
import email.header
import email.policy
import email.utils
import json
import re
import sys

import icalendar


def calendar_of(part):
    data = part.get_payload(decode=True)
    calendar = icalendar.Calendar.from_ical(data)
    event = calendar.walk("VEVENT")[0]
    attendee = event.get("ATTENDEE")
    return {
        "mime_method": part.get_param("method"),
        "method": str(calendar["METHOD"]),
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "status": str(event["STATUS"]),
        "start": event["DTSTART"].dt.isoformat(),
        "end": event["DTEND"].dt.isoformat(),
        "stamp": event["DTSTAMP"].dt.isoformat(),
        "summary": str(event["SUMMARY"]),
        "organizer": str(event["ORGANIZER"]) if "ORGANIZER" in event else None,
        "organizer_name": event["ORGANIZER"].params.get("CN") if "ORGANIZER" in event else None,
        "attendee": str(attendee) if attendee else None,
        "partstat": attendee.params.get("PARTSTAT") if attendee else None,
        "location": str(event.get("LOCATION", "")),
        "description": str(event.get("DESCRIPTION", "")),
        "bytes": base64.b64encode(data).decode(),
        "bare": len(re.findall(rb"(?<!\r)\n|\r(?!\n)", data)),
        "longest": max(len(line) for line in data.split(b"\r\n")),
    }


def name_of(raw, field):
    """The display name. (The newer parser of Python 3.11 puts a blank between two encoded words of a name.)"""
    value = email.message_from_bytes(raw)[field]
    name, _ = email.utils.parseaddr(value)
    return str(email.header.make_header(email.header.decode_header(name)))


def shape(part):
    if part.is_multipart():
        return {part.get_content_type(): [shape(inner) for inner in part.iter_parts()]}
    return part.get_content_type()


def read(raw):
    message = email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)
    parts = [part for part in message.walk() if not part.is_multipart()]
    by_type = {part.get_content_type(): part for part in parts}
    return {
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "names": [name.lower() for name, _ in message.items()],
        "from": [a.addr_spec for a in message["From"].addresses],
        "from_name": name_of(raw, "From"),
        "to": [a.addr_spec for a in message["To"].addresses],
        "to_name": name_of(raw, "To"),
        "reply_to": [a.addr_spec for a in message["Reply-To"].addresses] if message["Reply-To"] else [],
        "subject": str(message["Subject"]),
        "text": by_type["text/plain"].get_content() if "text/plain" in by_type else None,
        "html": by_type["text/html"].get_content() if "text/html" in by_type else None,
        "calendar": calendar_of(by_type["text/calendar"]) if "text/calendar" in by_type else None,
        "calendars": [calendar_of(part) for part in parts if part.get_content_type() == "text/calendar"],
        "file": {
            "name": by_type["application/ics"].get_filename(),
            "bytes": base64.b64encode(by_type["application/ics"].get_payload(decode=True)).decode(),
        }
        if "application/ics" in by_type
        else None,
        "shape": shape(message),
        "defects": [str(d) for part in message.walk() for d in part.defects]
        + [str(d) for value in message.values() for d in getattr(value, "defects", [])],
        "longest": max(len(line) for line in raw.split(b"\r\n")),
        "bare": len(re.findall(rb"(?<!\r)\n|\r(?!\n)", raw)),
    }


for line in sys.stdin:
    if line.strip():
        print(json.dumps(read(base64.b64decode(line))))
