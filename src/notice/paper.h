/*
 * paper - a mail's looks: parts put one after the other come out as plain text and as HTML.
 *
 * The HTML is one centred card in the colours of the pages' tokens, in light and dark, with nothing to load.
 * All texts are escaped here. Pure; memory from the arena.
 */
#ifndef NOTICE_PAPER_H
#define NOTICE_PAPER_H

#include "base/arena.h"
#include "base/buffer.h"
#include "notice/message.h"

enum paper_mark { PAPER_GOOD, PAPER_BAD, PAPER_ACCENT };

struct paper {
	struct arena *mem;
	const struct notice_words *words;
	struct buffer text;
	struct buffer html;
};

void paper_begin(struct paper *paper, const struct notice_words *words, const char *title,
		 enum paper_mark mark, struct arena *mem);

/* The framed summary: its name, a line below it, then lines. */
void paper_card(struct paper *paper, const char *name, const char *below);
void paper_strong(struct paper *paper, const char *line);
/* The same of a day and what stays on one line after it. */
void paper_day(struct paper *paper, const char *day, const char *clocks);
void paper_quiet(struct paper *paper, const char *line);
void paper_struck(struct paper *paper, const char *line);
void paper_line(struct paper *paper, const char *line);
void paper_link(struct paper *paper, const char *label, const char *url);
void paper_gap(struct paper *paper);
void paper_card_end(struct paper *paper);

/* Below it. */
void paper_small(struct paper *paper, const char *line);
void paper_code(struct paper *paper, const char *spaced);
void paper_button(struct paper *paper, const char *label, const char *url);
void paper_foot(struct paper *paper, const char *line);
void paper_small_link(struct paper *paper, const char *label, const char *url);

/* The three texts, in the arena. */
struct notice_text paper_end(struct paper *paper, const char *subject);

#endif
