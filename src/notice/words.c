#include "words.h"

#include "notice/message.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

static const struct notice_words *const languages[] = {&words_en, &words_fr, &words_pl};

const struct notice_words *notice_words_for(const char *locale)
{
	if (locale == NULL)
		return languages[0];
	size_t length = strcspn(locale, "-_");
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		if (strlen(languages[i]->code) == length &&
		    strncasecmp(languages[i]->code, locale, length) == 0)
			return languages[i];
	}
	return languages[0];
}

const struct notice_stop_words *notice_stop_words(const char *locale, bool guest)
{
	const struct notice_words *words = notice_words_for(locale);
	return guest ? &words->stop_mails_page : &words->stop_reminders_page;
}

/* The value of the name at `at`, which is `length` long. */
static const char *value_of(const char *at, size_t length, va_list pairs)
{
	const char *name;
	while ((name = va_arg(pairs, const char *)) != NULL) {
		const char *value = va_arg(pairs, const char *);
		if (strlen(name) == length && strncmp(name, at, length) == 0)
			return value;
	}
	return "";
}

char *words_fill(struct arena *mem, const char *template, ...)
{
	struct buffer out;
	buffer_init(&out, 64 * 1024);
	while (*template != '\0') {
		size_t plain = strcspn(template, "{");
		buffer_append(&out, template, plain);
		template += plain;
		if (*template == '\0')
			break;
		size_t length = strcspn(++template, "}");
		va_list pairs;
		va_start(pairs, template);
		buffer_append_text(&out, value_of(template, length, pairs));
		va_end(pairs);
		template += length + (template[length] == '}');
	}
	char *text = arena_strndup(mem, buffer_text(&out), out.length);
	buffer_clear(&out);
	return text;
}

char *words_day(const struct notice_words *words, civil_day day, struct arena *mem)
{
	const struct civil_date date = date_from_days(day);
	const bool first = date.day == 1 && words->first_day != NULL;
	return words_fill(mem, words->day_format, "weekday", words->weekdays[date_weekday(day)], "month",
			  words->months[date.month - 1], "day",
			  first ? words->first_day : arena_printf(mem, "%d", date.day), "year",
			  arena_printf(mem, "%d", date.year), NULL);
}
