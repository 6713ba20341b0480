"""Holds our expansion of RRULEs against python3-dateutil's: rules written by hand, and random ones.

argv: the program recurrences, the file of rules, how many random rules, a seed. Prints one line a fault on stdout; what was
compared goes to stderr as JSON.
"""
import collections
import datetime
import json
import random
import subprocess
import sys

from dateutil.rrule import rrulestr

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86400
program, rules_file, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dice = random.Random(seed)
WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']


def some(values, most):
    return ','.join(str(value) for value in dice.sample(list(values), dice.randint(1, most)))


def chance(percent):
    return dice.random() * 100 < percent


def ordinary_rule(start):
    """What calendars let people choose, and all that RFC 5545 allows besides for days."""
    frequency = dice.choice(['DAILY', 'WEEKLY', 'WEEKLY', 'MONTHLY', 'YEARLY'])
    parts = [f'FREQ={frequency}']
    if chance(40):
        parts.append(f'INTERVAL={dice.choice([1, 2, 2, 3, 4, 5, 6, 12])}')
    if chance(25):
        parts.append(f'COUNT={dice.choice([1, 2, 5, 10, 30, 100, 365])}')
    elif chance(35):
        until = start + datetime.timedelta(days=dice.randint(0, 3000), hours=dice.randint(-3, 3))
        parts.append(f'UNTIL={until:%Y%m%dT%H%M%S}')
    if chance(20):
        parts.append(f'BYMONTH={some(range(1, 13), 4)}')
    if frequency == 'DAILY':
        if chance(25):
            parts.append(f'BYDAY={some(WEEKDAYS, 5)}')
        if chance(10):
            parts.append(f'BYMONTHDAY={some([*range(1, 32), *range(-31, 0)], 6)}')
    elif frequency == 'WEEKLY':
        if chance(70):
            parts.append(f'BYDAY={some(WEEKDAYS, 5)}')
        if chance(25):
            parts.append(f'WKST={dice.choice(WEEKDAYS)}')
    else:
        kind = dice.choice(['none', 'nth', 'days', 'month days', 'days and month days', 'year days'])
        if kind == 'nth':
            most = 5 if frequency == 'MONTHLY' or any('BYMONTH' in part for part in parts) else 53
            parts.append('BYDAY=' + ','.join(f'{dice.choice([-1, 1]) * dice.randint(1, most)}{day}'
                                             for day in dice.sample(WEEKDAYS, dice.randint(1, 3))))
        if kind in ('days', 'days and month days'):
            parts.append(f'BYDAY={some(WEEKDAYS, 5)}')
        if kind in ('month days', 'days and month days'):
            parts.append(f'BYMONTHDAY={some([*range(1, 32), *range(-31, 0)], 6)}')
        if kind == 'year days' and frequency == 'YEARLY':
            parts.append(f'BYYEARDAY={some([*range(1, 367), *range(-366, 0)], 6)}')
    if chance(10):
        parts.append(f'BYHOUR={some(range(24), 3)}')
    if chance(10):
        parts.append(f'BYMINUTE={some(range(60), 3)}')
    if chance(15):
        parts.append(f'BYSETPOS={some([1, 2, 3, -1, -2], 2)}')
    return ';'.join(parts)


def other_rule(start):
    kind = dice.choice(['week', 'hourly', 'forbidden'])
    if kind == 'week':
        rule = f'FREQ=YEARLY;BYWEEKNO={some([*range(1, 54), *range(-53, 0)], 4)}'
        if chance(60):
            rule += f';BYDAY={some(WEEKDAYS, 3)}'
        if chance(30):
            rule += f';WKST={dice.choice(WEEKDAYS)}'
        if chance(30):
            rule += f';INTERVAL={dice.randint(1, 3)}'
        if chance(30):
            rule += f';COUNT={dice.randint(1, 40)}'
        return rule
    if kind == 'hourly':
        rule = f'FREQ={dice.choice(["HOURLY", "MINUTELY"])};INTERVAL={dice.choice([30, 45, 90, 120, 1440])}'
        if chance(50):
            rule += f';UNTIL={start + datetime.timedelta(days=dice.randint(0, 900)):%Y%m%dT%H%M%S}'
        return rule
    return dice.choice([
        f'FREQ=WEEKLY;BYMONTHDAY={some(range(1, 29), 5)}',
        f'FREQ=MONTHLY;BYYEARDAY={some(range(1, 366), 5)}',
        f'FREQ=DAILY;BYWEEKNO={some(range(1, 53), 5)}',
        f'FREQ=DAILY;BYDAY=MO;BYYEARDAY={some(range(1, 366), 50)}',
    ])


def cases():
    for line in open(rules_file, encoding='utf8'):
        line = line.split('#')[0].strip()
        if line:
            start, rule = line.split()
            begin = datetime.datetime.strptime(start, '%Y%m%dT%H%M%S')
            yield begin, begin - datetime.timedelta(days=3), begin + datetime.timedelta(days=6 * 365), rule, 'by hand'
    for number in range(count):
        start = datetime.datetime(2010, 1, 1) + datetime.timedelta(days=dice.randint(0, 6500), minutes=15 * dice.randint(0, 95))
        first = start + datetime.timedelta(days=dice.randint(-30, 3000))
        last = first + datetime.timedelta(days=400)
        ordinary = number % 10 != 9
        rule = (ordinary_rule if ordinary else other_rule)(start)
        yield start, first, last, rule, 'ordinary' if ordinary else 'other'


def seconds(moment):
    return int((moment - EPOCH).total_seconds())


every = list(cases())
lines = ''.join(f'{start:%Y%m%dT%H%M%S} {first:%Y%m%dT%H%M%S} {last:%Y%m%dT%H%M%S} {rule}\n'
                for start, first, last, rule, _ in every)
answers = subprocess.run([program], input=lines, text=True, check=True, capture_output=True).stdout.splitlines()
assert len(answers) == len(every), (len(answers), len(every))
told = collections.Counter()
instances = collections.Counter()
extra = collections.Counter()
for (start, first, last, rule, kind), answer in zip(every, answers):
    accuracy, *ours = answer.split()
    if 'over' in ours:
        accuracy = 'every_day'
        ours.remove('over')
    ours = {int(local) for local in ours}
    # Else it looks for the first instance of a rule that has none until the year 9999.
    datetime.MAXYEAR = last.year + 1
    theirs = set()
    for moment in rrulestr(f'DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{rule}'):
        if moment > last:
            break
        if moment >= first:
            theirs.add(seconds(moment))
    if accuracy == 'whole_days':
        # A midnight stands for its day, also for the one that `first` is in the midst of.
        days = {local // DAY for local in ours} | {seconds(first) // DAY}
        missing = {local for local in theirs if local // DAY not in days}
    else:
        missing = theirs - ours
        surplus = ours - theirs - {seconds(start)}
        if accuracy == 'exact' and surplus:
            print(f'not told: {start:%Y%m%dT%H%M%S} {rule}: {sorted(EPOCH + datetime.timedelta(seconds=s) for s in surplus)[:3]}')
        extra[kind] += len(surplus)
    if missing:
        print(f'missing: {start:%Y%m%dT%H%M%S} {rule} ({accuracy}): '
              f'{sorted(str(EPOCH + datetime.timedelta(seconds=s)) for s in missing)[:3]}')
    instances[kind] += len(theirs)
    told[kind, accuracy] += 1
json.dump({'rules': {f'{kind}, {accuracy}': n for (kind, accuracy), n in sorted(told.items())}, 'instances': instances,
           'extra': extra}, sys.stderr)
