"""Holds our expansion of RRULEs against python3-dateutil's: rules written by hand, and random ones.

argv: the program recurrences, the file of rules, how many random rules, a seed. Prints one line a fault on stdout; what was
compared goes to stderr as JSON.
"""
import collections
import datetime
import itertools
import json
import random
import re
import subprocess
import sys

from dateutil.rrule import rrulestr

EPOCH = datetime.datetime(1970, 1, 1)
DAY = 86400
TIMES_MAX = 288  # RECURRENCE_TIMES_MAX
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


def week_rule(_start):
    """With the days of the week: without, COUNT and BYSETPOS are unclear_rule()'s."""
    rule = f'FREQ=YEARLY;BYWEEKNO={some([*range(1, 54), *range(-53, 0)], 4)}'
    if chance(30):
        rule += f';WKST={dice.choice(WEEKDAYS)}'
    if chance(30):
        rule += f';INTERVAL={dice.randint(1, 3)}'
    if chance(10):
        rule += f';BYMONTH={some(range(1, 13), 6)}'
    if chance(30):
        return rule
    rule += f';BYDAY={some(WEEKDAYS, 3)}'
    if chance(30):
        rule += f';COUNT={dice.randint(1, 40)}'
    if chance(10):
        rule += f';BYSETPOS={some([1, 2, -1], 2)}'
    return rule


def below_a_day_rule(start):
    frequency = dice.choice(['HOURLY', 'HOURLY', 'MINUTELY', 'MINUTELY', 'SECONDLY'])
    step = dice.choice({'HOURLY': [1, 1, 2, 3, 5, 7, 12, 24, 36], 'MINUTELY': [5, 7, 10, 15, 30, 45, 90, 120, 1440],
                        'SECONDLY': [600, 1800, 3600, 5400, 86400]}[frequency])
    parts = [f'FREQ={frequency};INTERVAL={step}']
    if chance(25):
        parts.append(f'COUNT={dice.randint(1, 2000)}')
    elif chance(40):
        parts.append(f'UNTIL={start + datetime.timedelta(days=dice.randint(0, 900)):%Y%m%dT%H%M%S}')
    for part, percent, values, most in (('BYMONTH', 10, range(1, 13), 6), ('BYDAY', 25, WEEKDAYS, 5),
                                        ('BYMONTHDAY', 10, [*range(1, 32), *range(-31, 0)], 20),
                                        ('BYYEARDAY', 5, [*range(1, 367), *range(-366, 0)], 200),
                                        ('BYHOUR', 30, range(24), 10), ('BYMINUTE', 25, range(0, 60, 5), 4)):
        if chance(percent):
            parts.append(f'{part}={some(values, most)}')
    if chance(10):
        parts.append(f'BYSETPOS={some([1, 2, -1], 2)}')
    return ';'.join(parts)


def unclear_rule(_start):
    """Parts that RFC 5545 does not allow together, and what counts days that it does not settle."""
    return dice.choice([
        f'FREQ=YEARLY;BYWEEKNO={dice.randint(1, 53)};COUNT={dice.randint(1, 40)}',
        f'FREQ=YEARLY;BYWEEKNO={dice.randint(1, 53)};BYSETPOS={dice.choice([1, 2, -1])}',
        f'FREQ=WEEKLY;BYMONTHDAY={some(range(1, 29), 5)}',
        f'FREQ=WEEKLY;BYDAY={some(WEEKDAYS, 3)};BYMONTHDAY={some(range(1, 29), 5)};COUNT=30',
        f'FREQ=MONTHLY;BYYEARDAY={some(range(1, 366), 5)}',
        f'FREQ=DAILY;BYWEEKNO={some(range(1, 53), 5)}',
        f'FREQ=HOURLY;INTERVAL=6;BYWEEKNO={some(range(1, 53), 5)}',
        f'FREQ=WEEKLY;INTERVAL=2;BYDAY=2{dice.choice(WEEKDAYS)}',
        f'FREQ=DAILY;BYDAY=MO;BYYEARDAY={some(range(1, 366), 50)}',
        f'FREQ=YEARLY;BYMONTHDAY={some(range(1, 29), 9)};BYDAY=-3FR,{dice.randint(1, 40)}MO',
        f'FREQ=DAILY;COUNT={dice.randint(1, 3000)};UNTIL=20240301T000000',
    ])


KINDS = {'weeks': week_rule, 'below a day': below_a_day_rule, 'unclear': unclear_rule}


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
        kind = dice.choice(list(KINDS)) if number % 10 == 9 else 'ordinary'
        yield start, first, last, KINDS.get(kind, ordinary_rule)(start), kind


def seconds(moment):
    return int((moment - EPOCH).total_seconds())


def dateutil(start, first, last, rule):
    """The instances in the window, as seconds."""
    # Else it looks for the first instance of a rule that has none until the year 9999.
    datetime.MAXYEAR = last.year + 1
    try:
        moments = rrulestr(f'DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{rule}')
        until_last = itertools.takewhile(lambda moment: moment <= last, moments)
        return {seconds(moment) for moment in until_last if moment >= first}
    except ValueError as fault:
        # Every two hours from nine on, in the hours 10 and 12.
        assert re.search('resulting in empty rule|generates an empty set', str(fault)), (rule, fault)
        return set()


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
    ours = {int(local) for local in ours}
    theirs = dateutil(start, first, last, rule)
    if accuracy == 'whole_days':
        # A midnight stands for its day, also for the one that `first` is in the midst of.
        days = {local // DAY for local in ours} | {seconds(first) // DAY}
        missing = {local for local in theirs if local // DAY not in days}
        # As many as are asked for at most of a rule that is followed.
        extra[kind] += max(0, TIMES_MAX * len(ours) - len(theirs))
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
