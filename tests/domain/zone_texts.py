"""What python3-dateutil makes of each VTIMEZONE that we write, held against the system's zone data.

argv: the program zone_texts. Prints one line a fault, and how many wall clocks were compared.
"""
import datetime
import io
import subprocess
import sys
import zoneinfo

import dateutil.tz

UTC = datetime.timezone.utc
FIRST, LAST = datetime.datetime(2020, 1, 1, tzinfo=UTC), datetime.datetime(2044, 1, 1, tzinfo=UTC)


def changes(zone):
    """Every instant of those years from which on the offset is another, to the second."""
    at, step = FIRST, datetime.timedelta(days=5)
    while at < LAST:
        if at.astimezone(zone).utcoffset() != (at + step).astimezone(zone).utcoffset():
            low, high = at, at + step
            while high - low > datetime.timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            yield high
        at += step


def moments(zone):
    yield FIRST + datetime.timedelta(days=1)
    for change in changes(zone):
        for hours in (-25, -2, -1, -0.5, 0, 0.5, 1, 2, 25, 1000):
            yield change + datetime.timedelta(hours=hours)
        yield change - datetime.timedelta(seconds=1)
    yield LAST


names = sorted(zoneinfo.available_timezones() - {'localtime', 'posixrules', 'Factory'})
texts = subprocess.run([sys.argv[1]], input='\n'.join(names) + '\n', text=True, check=True, capture_output=True).stdout
files = [text + 'END:VCALENDAR\n' for text in texts.split('END:VCALENDAR\n') if text]
assert len(files) == len(names), (len(files), len(names))
compared = longest = 0
for name, text in zip(names, files):
    longest = max(longest, len(text))
    theirs = dateutil.tz.tzical(io.StringIO(text)).get(name)
    ours = zoneinfo.ZoneInfo(name)
    for moment in moments(ours):
        local = moment.astimezone(ours)
        if local.fold == 1:
            continue  # is written in UTC
        compared += 1
        read = local.replace(tzinfo=theirs).utcoffset()
        if read != local.utcoffset():
            print(f'{name}: {local.isoformat()} is read with {read}')
print(f'{compared} wall clocks of {len(names)} zones compared, longest file {longest} bytes', file=sys.stderr)
