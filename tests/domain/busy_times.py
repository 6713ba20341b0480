"""Holds what we find busy in calendar files against python3-recurring-ical-events, to the minute.

argv: the program busy_times, a folder to write files into, how many files, a seed; or the program and files. Prints one line a
fault on stdout; what was compared goes to stderr as JSON.
"""
import datetime
import json
import os
import random
import subprocess
import sys
import zoneinfo

import icalendar
import recurring_ical_events

UTC = datetime.timezone.utc
HOME = 'America/New_York'
program = sys.argv[1]
dice = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
FIRST = datetime.datetime(2026, 2, 1, tzinfo=UTC)
LAST = datetime.datetime(2026, 12, 20, tzinfo=UTC)
WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
ZONES = ['America/New_York', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Sydney', 'America/Sao_Paulo', 'UTC']


def chance(percent):
    return dice.random() * 100 < percent


def event(number):
    zone = dice.choice(ZONES)
    form = dice.choice(['zone', 'zone', 'zone', 'utc', 'floating', 'date'])
    start = datetime.datetime(2022, 1, 1) + datetime.timedelta(days=dice.randint(0, 1700), minutes=15 * dice.randint(0, 95))
    length = dice.choice([30, 45, 60, 90, 480, 1440 + 60])
    if form == 'date':
        start = start.replace(hour=0, minute=0)
        length = 1440 * dice.randint(1, 4)

    def write(name, moment):
        if form == 'date':
            return f'{name};VALUE=DATE:{moment:%Y%m%d}'
        if form == 'utc':
            return f'{name}:{moment:%Y%m%dT%H%M%S}Z'
        if form == 'floating':
            return f'{name}:{moment:%Y%m%dT%H%M%S}'
        return f'{name};TZID={zone}:{moment:%Y%m%dT%H%M%S}'

    uid = f'{number}@example.org'
    lines = ['BEGIN:VEVENT', f'UID:{uid}', 'DTSTAMP:20260101T000000Z', write('DTSTART', start)]
    lines.append(f'DURATION:PT{length}M' if chance(20) and form != 'date' else
                 write('DTEND', start + datetime.timedelta(minutes=length)))
    if chance(10):
        lines.append('TRANSP:TRANSPARENT')
    days = []
    if chance(80):
        kind = dice.choice(['daily', 'weekly', 'weekly', 'monthly'])
        if kind == 'daily':
            step = dice.choice([1, 2, 3, 7])
            rule = f'FREQ=DAILY;INTERVAL={step}'
            days = [start + datetime.timedelta(days=step * i) for i in range(2000 // step)]
        elif kind == 'weekly':
            step = dice.choice([1, 1, 2, 4])
            rule = f'FREQ=WEEKLY;INTERVAL={step};BYDAY={WEEKDAYS[start.weekday()]}'
            days = [start + datetime.timedelta(weeks=step * i) for i in range(280 // step)]
        else:
            rule = f'FREQ=MONTHLY;BYDAY={(start.day - 1) // 7 + 1}{WEEKDAYS[start.weekday()]}'
        if chance(20):
            rule += f';COUNT={dice.randint(1, 600)}'
            days = days[:dice.randint(1, 5)]
        elif chance(20):
            until = start + datetime.timedelta(days=dice.randint(100, 2000))
            rule += f';UNTIL={until:%Y%m%d}' if form == 'date' else f';UNTIL={until:%Y%m%dT%H%M%S}' + (
                'Z' if form in ('utc', 'zone') else '')
        lines.append(f'RRULE:{rule}')
    inside = [day for day in days if datetime.datetime(2026, 1, 1) < day < datetime.datetime(2027, 1, 1)]
    for day in dice.sample(inside, min(len(inside), dice.randint(0, 3))):
        lines.append(write('EXDATE', day))
        inside.remove(day)
    lines.append('END:VEVENT')
    for day in dice.sample(inside, min(len(inside), dice.randint(0, 2))) if 'COUNT' not in ''.join(lines) and 'UNTIL' not in ''.join(lines) else []:
        moved = day + datetime.timedelta(days=dice.randint(-3, 3), hours=0 if form == 'date' else dice.randint(-5, 5))
        lines += ['BEGIN:VEVENT', f'UID:{uid}', 'DTSTAMP:20260101T000000Z', write('RECURRENCE-ID', day), write('DTSTART', moved),
                  write('DTEND', moved + datetime.timedelta(minutes=length)), 'SEQUENCE:1', 'END:VEVENT']
    return lines


def random_file(path):
    lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN']
    for number in range(dice.randint(1, 4)):
        lines += event(number)
    lines.append('END:VCALENDAR')
    with open(path, 'w', encoding='utf8', newline='') as file:
        file.write('\r\n'.join(lines) + '\r\n')


def instant(value):
    """As seconds; floating and all-day ones in the coach's zone."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    if value.tzinfo is None:
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(HOME))
    else:
        # pytz and the like: only its wall clock and name are believed.
        name = getattr(value.tzinfo, 'zone', None)
        value = value.replace(tzinfo=zoneinfo.ZoneInfo(name)) if name and name != 'UTC' else value
    return int(value.timestamp())


def theirs(path):
    with open(path, 'rb') as file:
        calendar = icalendar.Calendar.from_ical(file.read())
    minutes = set()
    for one in recurring_ical_events.of(calendar).between(FIRST - datetime.timedelta(days=9), LAST + datetime.timedelta(days=9)):
        if str(one.get('TRANSP', 'OPAQUE')).upper() == 'TRANSPARENT' or str(one.get('STATUS', '')).upper() == 'CANCELLED':
            continue
        start, end = instant(one['DTSTART'].dt), instant(one['DTEND'].dt)
        minutes.update(range(max(start, int(FIRST.timestamp())) // 60, min(end, int(LAST.timestamp())) // 60))
    return minutes


def ours(answer):
    result, *rest = answer.split(' | ')[0].split()
    minutes = set()
    for pair in rest:
        start, end = pair.split('-')
        minutes.update(range(int(start) // 60, int(end) // 60))
    return result, minutes


if len(sys.argv) > 4:
    files = [os.path.join(sys.argv[2], f'{number}.ics') for number in range(int(sys.argv[3]))]
    for path in files:
        random_file(path)
else:
    files = sys.argv[2:]
answers = []
for at in range(0, len(files), 500):
    answers += subprocess.run([program, HOME, str(int(FIRST.timestamp())), str(int(LAST.timestamp())), *files[at:at + 500]],
                              text=True, check=True, capture_output=True).stdout.splitlines()
busy = extra = 0
for path, answer in zip(files, answers, strict=True):
    result, found = ours(answer)
    wanted = theirs(path)
    missing = wanted - found
    if result != 'read' or missing:
        at = [datetime.datetime.fromtimestamp(minute * 60, UTC).isoformat() for minute in sorted(missing)[:2]]
        print(f'{path}: {result}, {len(missing)} minutes missing, such as {at}')
    surplus = found - wanted
    if surplus and 'inexact=0' in answer and len(surplus) > 120:
        at = [datetime.datetime.fromtimestamp(minute * 60, UTC).isoformat() for minute in sorted(surplus)[:2]]
        print(f'{path}: {len(surplus)} minutes too many, not told, such as {at}')
    busy += len(wanted)
    extra += len(surplus)
json.dump({'files': len(files), 'busy minutes': busy, 'blocked besides': extra}, sys.stderr)
