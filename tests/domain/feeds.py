"""What is busy in calendar files, by two programs that are not ours: python3-recurring-ical-events and python3-vobject.

argv: files. For each a line of JSON: {"file", "recurring_ical_events": [[start, end], ...], "vobject": [...]}, in minutes since 1970,
joined. Zones are each program's own affair. Times without a zone and whole days are New York's, the owner is damian@example.org.
"""
import datetime
import json
import sys
import zoneinfo

import icalendar
import recurring_ical_events
import vobject

UTC = datetime.timezone.utc
HOME = zoneinfo.ZoneInfo('America/New_York')
FIRST = datetime.datetime(2026, 2, 1, tzinfo=UTC)
LAST = datetime.datetime(2026, 12, 20, tzinfo=UTC)
OWNER = 'damian@example.org'


def moment(value):
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    return value.replace(tzinfo=HOME) if value.tzinfo is None else value


def joined(times):
    """Within the window, as minutes."""
    low, high = FIRST.timestamp(), LAST.timestamp()
    result = []
    for start, end in sorted((moment(start).timestamp(), moment(end).timestamp()) for start, end in times):
        start, end = int(max(start, low) // 60), int(min(end, high) // 60)
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1][1] = max(end, result[-1][1])
        else:
            result.append([start, end])
    return result


def takes_time(transparency, status, busy_status, declined):
    return transparency.upper() != 'TRANSPARENT' and status.upper() != 'CANCELLED' and busy_status.upper() != 'FREE' and not declined


def by_recurring_ical_events(text):
    times = []
    calendar = icalendar.Calendar.from_ical(text)
    for one in recurring_ical_events.of(calendar).between(FIRST - datetime.timedelta(days=40), LAST + datetime.timedelta(days=9)):
        attendees = one.get('ATTENDEE', [])
        attendees = attendees if isinstance(attendees, list) else [attendees]
        declined = any(OWNER in guest.lower() and guest.params.get('PARTSTAT') == 'DECLINED' for guest in attendees)
        if takes_time(str(one.get('TRANSP', '')), str(one.get('STATUS', '')), str(one.get('X-MICROSOFT-CDO-BUSYSTATUS', '')), declined):
            times.append((one['DTSTART'].dt, one['DTEND'].dt))
    return joined(times)


def text_of(event, name):
    return str(getattr(event, name).value) if hasattr(event, name) else ''


def length_of(event):
    start = event.dtstart.value
    if hasattr(event, 'duration'):
        return event.duration.value
    if hasattr(event, 'dtend'):
        return event.dtend.value - start
    return datetime.timedelta(0) if isinstance(start, datetime.datetime) else datetime.timedelta(days=1)


def by_vobject(text):
    times = []
    calendar = vobject.readOne(text)
    events = calendar.contents.get('vevent', [])
    for event in events:
        declined = any(OWNER in guest.value.lower() and guest.params.get('PARTSTAT') == ['DECLINED']
                       for guest in event.contents.get('attendee', []))
        if not takes_time(text_of(event, 'transp'), text_of(event, 'status'), text_of(event, 'x_microsoft_cdo_busystatus'), declined):
            continue
        length = length_of(event)
        if 'recurrence-id' in event.contents:
            starts = [event.dtstart.value]
        else:
            replaced = [moment(other.recurrence_id.value).timestamp() for other in events
                        if 'recurrence-id' in other.contents and other.uid.value == event.uid.value]
            rules = event.getrruleset(addRDate=True)
            starts = [event.dtstart.value] if rules is None else []
            for start in rules or []:
                if moment(start) > LAST:
                    break
                if moment(start).timestamp() not in replaced:
                    starts.append(start)
        times += [(start, start + length) for start in starts]
    return joined(times)


for path in sys.argv[1:]:
    with open(path, encoding='utf8', newline='') as file:
        content = file.read()
    print(json.dumps({'file': path, 'recurring_ical_events': by_recurring_ical_events(content), 'vobject': by_vobject(content)}))
