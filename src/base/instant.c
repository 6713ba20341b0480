#include "base/instant.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

instant instant_now(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		die("no clock");
	return now.tv_sec;
}

int64_t monotonic_ms(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		die("no clock");
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t monotonic_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	int64_t quotient = a / b;
	return a % b < 0 ? quotient - 1 : quotient;
}

/*
 * Days and dates by Howard Hinnant's method of eras of 400 years (146,097 days each), with the
 * year starting in March so that the leap day comes last.
 */
int64_t date_to_days(struct civil_date date)
{
	int64_t year = date.month <= 2 ? (int64_t)date.year - 1 : date.year;
	int64_t era = floor_divide(year, 400);
	int64_t year_of_era = year - era * 400;
	int64_t month_from_march = (date.month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

struct civil_date date_from_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = floor_divide(shifted, 146097);
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
	return (struct civil_date){
		.year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
		.month = month,
		.day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};
}

int date_weekday(int64_t days)
{
	/* 1970-01-01 was a Thursday. */
	int weekday = (int)((days + 3) % 7);
	return weekday < 0 ? weekday + 7 : weekday;
}

int date_compare(struct civil_date a, struct civil_date b)
{
	int64_t difference = date_to_days(a) - date_to_days(b);
	return (difference > 0) - (difference < 0);
}

struct civil_time civil_from_instant(instant at, seconds offset)
{
	int64_t local = at + offset;
	int64_t days = floor_divide(local, SECONDS_PER_DAY);
	return (struct civil_time){date_from_days(days), (int)(local - days * SECONDS_PER_DAY)};
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

/* Exactly `count` decimal digits. */
static bool digits(const char *text, int count, int *ret_value)
{
	int value = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return true;
}

bool date_parse(const char *text, size_t length, struct civil_date *ret_date)
{
	struct civil_date date;
	if (length != 10 || !digits(text, 4, &date.year) || text[4] != '-' ||
	    !digits(text + 5, 2, &date.month) || text[7] != '-' || !digits(text + 8, 2, &date.day))
		return false;
	if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1 ||
	    date.day > days_of_month(date.year, date.month))
		return false;
	*ret_date = date;
	return true;
}

/* What is taken: a fraction of a second only if it is zero; or any, rounded down; small letters as well. */
enum leniency { EXACT, ANY_FRACTION, LOOSE };

static bool parse(const char *text, size_t length, enum leniency leniency, instant *ret_instant)
{
	const bool loose = leniency == LOOSE;
	int hour = 0;
	int minute = 0;
	int second = 0;
	struct civil_date date;
	if (length < 20 || !date_parse(text, 10, &date))
		return false;
	if (text[10] != 'T' && !(loose && text[10] == 't'))
		return false;
	if (!digits(text + 11, 2, &hour) || text[13] != ':' || !digits(text + 14, 2, &minute) ||
	    text[16] != ':' || !digits(text + 17, 2, &second) || hour > 23 || minute > 59 || second > 59)
		return false;

	size_t at = 19;
	if (text[at] == '.') {
		size_t first = ++at;
		while (at < length && text[at] >= '0' && text[at] <= '9') {
			if (text[at] != '0' && leniency == EXACT)
				return false;
			at++;
		}
		if (at == first)
			return false;
	}
	seconds offset = 0;
	if (at == length)
		return false;
	if (text[at] == 'Z' || (loose && text[at] == 'z')) {
		at++;
	} else {
		int offset_hour = 0;
		int offset_minute = 0;
		if ((text[at] != '+' && text[at] != '-') || length - at != 6 ||
		    !digits(text + at + 1, 2, &offset_hour) || text[at + 3] != ':' ||
		    !digits(text + at + 4, 2, &offset_minute) || offset_hour > 23 || offset_minute > 59)
			return false;
		offset = offset_hour * SECONDS_PER_HOUR + offset_minute * SECONDS_PER_MINUTE;
		if (text[at] == '-')
			offset = -offset;
		at += 6;
	}
	if (at != length)
		return false;

	instant result = date_to_days(date) * SECONDS_PER_DAY + hour * SECONDS_PER_HOUR +
			 minute * SECONDS_PER_MINUTE + second - offset;
	if (result < INSTANT_MIN || result > INSTANT_MAX)
		return false;
	*ret_instant = result;
	return true;
}

bool instant_parse(const char *text, size_t length, instant *ret_instant)
{
	return parse(text, length, EXACT, ret_instant);
}

bool instant_parse_rounded(const char *text, size_t length, instant *ret_instant)
{
	instant before = 0;
	if (parse(text, length, EXACT, ret_instant))
		return true;
	if (!parse(text, length, ANY_FRACTION, &before) || before == INSTANT_MAX)
		return false;
	*ret_instant = before + 1;
	return true;
}

bool instant_parse_loose(const char *text, size_t length, instant *ret_instant)
{
	return parse(text, length, LOOSE, ret_instant);
}

static void put(char *out, int value, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

/* `value` is below 60. */
static inline void put_two(char *out, unsigned value)
{
	static const char pairs[] = "000102030405060708091011121314151617181920212223242526272829"
				    "303132333435363738394041424344454647484950515253545556575859";
	memcpy(out, pairs + (size_t)value * 2, 2);
}

void date_format(struct civil_date date, char out[static DATE_TEXT_BYTES])
{
	put(out, date.year, 4);
	out[4] = '-';
	put(out + 5, date.month, 2);
	out[7] = '-';
	put(out + 8, date.day, 2);
	out[10] = '\0';
}

void instant_put(struct instant_day *day, instant at, char out[static INSTANT_TEXT_BYTES - 1])
{
	if (at < day->start || at - day->start >= SECONDS_PER_DAY || day->text[0] == '\0') {
		int64_t days = floor_divide(at, SECONDS_PER_DAY);
		date_format(date_from_days(days), day->text);
		day->text[DATE_TEXT_BYTES - 1] = 'T';
		day->start = days * SECONDS_PER_DAY;
	}
	unsigned second = (unsigned)(at - day->start);
	unsigned minute = second / 60;
	unsigned hour = minute / 60;
	memcpy(out, day->text, DATE_TEXT_BYTES);
	put_two(out + 11, hour);
	out[13] = ':';
	put_two(out + 14, minute - hour * 60);
	out[16] = ':';
	put_two(out + 17, second - minute * 60);
	out[19] = 'Z';
}

void instant_format(instant at, char out[static INSTANT_TEXT_BYTES])
{
	/* The one before was mostly of the same day. */
	static _Thread_local struct instant_day day;
	instant_put(&day, at, out);
	out[INSTANT_TEXT_BYTES - 1] = '\0';
}
