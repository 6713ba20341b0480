"""Reads iCalendar files with a foreign parser and prints what it understood, as JSON.

stdin: [{"zone": "...", "text": "..."}, ...]. Wall clocks become instants by a file's own VTIMEZONE: its TZID is renamed
first, so that no other zone data helps. --apart: each file's to a name of its own; --together: a zone's to one name in all
files, so that the first VTIMEZONE read under it serves them all (vobject keeps it).
"""
import datetime
import json
import sys

import vobject

# It takes a zone that was at UTC+0 from 2000 to 2020 for UTC and forgets it, as if a file had to go back that far.
vobject.icalendar.tzinfo_eq = lambda *zones: False


def instant(line):
    assert line.value.tzinfo is not None, 'a time without a zone'
    return line.value.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def value(component, name):
    return component.contents[name][0].value if name in component.contents else None


def understand(number, zone, text):
    own = f'Of/{zone}' if sys.argv[1] == '--together' else f'Of/File{number}'
    assert f'TZID:{zone}\r\n' in text, f'no VTIMEZONE for {zone}'
    calendar = vobject.readOne(text.replace(f'TZID:{zone}', f'TZID:{own}').replace(f'TZID={zone}', f'TZID={own}'))
    events = [
        {
            'uid': value(event, 'uid'),
            'sequence': int(value(event, 'sequence')),
            'status': value(event, 'status'),
            'start': instant(event.dtstart),
            'end': instant(event.dtend),
            'summary': value(event, 'summary'),
            'description': value(event, 'description'),
        }
        for event in calendar.contents.get('vevent', [])
    ]
    return {'method': value(calendar, 'method'), 'name': value(calendar, 'x-wr-calname'), 'events': events}


json.dump([understand(number, **file) for number, file in enumerate(json.load(sys.stdin))], sys.stdout)
