/*
 * text - what people write: which characters a line or a note may hold, and how it is shown safely.
 *
 * All text is valid UTF-8. Pure; results are the argument itself or live in the arena.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

#include <stdbool.h>

enum text_kind {
	TEXT_LINE, /* a name, a phone number, a label: one line */
	TEXT_NOTE, /* may break lines and hold tabs */
};

enum text_fault {
	TEXT_GOOD,
	TEXT_CONTROL,    /* a control character: C0, DEL, C1 (ESC, NUL, a bell) */
	TEXT_LINE_BREAK, /* CR, LF, a tab, or a separator of lines or paragraphs, in a line */
	TEXT_DIRECTION, /* an override, embedding or isolate of bidirectional text (UAX #9), unseen by readers
			 */
};

/* The first fault; TEXT_GOOD if there is none. Blank text is good. */
enum text_fault text_check(const char *text, enum text_kind kind);

/* The same with a blank for each character that is at fault: for text that was taken before it was checked.
 */
const char *text_clean(struct arena *mem, const char *text, enum text_kind kind);

/* What is wrong, to follow the field's name: "must not hold control characters." Static; not for TEXT_GOOD.
 */
const char *text_fault_detail(enum text_fault fault);

/* Without the white space (Unicode's property White_Space, and a byte order mark) at both ends. */
const char *text_trim(struct arena *mem, const char *text);

/* Whether nothing of it can be seen: white space and characters of no width only. True for "". */
bool text_is_blank(const char *text);

/* Whether `word` is one of those in `words`, which have one space between them; NULL has none. */
bool text_has_word(const char *words, const char *word);

/*
 * The same for the middle of a text of ours: what is written from right to left is isolated (U+2068, U+2069),
 * so that it does not turn what stands after it. Other text is returned as it is.
 */
const char *text_isolate(struct arena *mem, const char *text);

/*
 * The same without links, for a mail or an event that carries our name: what mail programs would make a link
 * (a scheme, www., a name with a top-level domain) loses its scheme and its dots, and reads as words.
 */
const char *text_without_links(struct arena *mem, const char *text);

#endif
