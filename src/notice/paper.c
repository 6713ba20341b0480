#include "paper.h"

#include "words.h"

#include <string.h>

enum { PAPER_MAX = 256 * 1024 };

/*
 * The pages' tokens (src/web), written out: mail programs know no custom properties. Light colours stand
 * inline, since some programs drop <style>; dark ones override them where it is kept.
 */
#define FONT   "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
#define CANVAS "#f4f5f7"
#define PAPER  "#ffffff"
#define INK    "#14171c"
#define INK_2  "#4a515c"
#define LINE   "#dde1e7"
#define ACCENT "#2f5bd7"

static const char style[] =
	"<style>\n"
	":root{color-scheme:light dark;supported-color-schemes:light dark}\n"
	"@media (prefers-color-scheme:dark){\n"
	".canvas{background:#0e1013!important}.paper{background:#17191e!important}\n"
	".paper,.card{border-color:#2c3038!important}.ink{color:#f0f2f5!important}.quiet{color:#b4bac4!"
	"important}\n"
	".link{color:#9db5ff!important}.good{background:#12301f!important;color:#5fd39a!important}\n"
	".bad{background:#3a1513!important;color:#ff9d95!important}.accent{background:#1d2a4d!important;"
	"color:#9db5ff!important}\n"
	"}\n"
	"@media (max-width:600px){.paper{padding:24px 16px!important}.canvas{padding:0!important}}\n"
	"</style>\n";

/* Text as HTML text or as an attribute's value in double quotes. */
static void put_escaped(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		const char *entity = *text == '&'   ? "&amp;"
				     : *text == '<' ? "&lt;"
				     : *text == '>' ? "&gt;"
				     : *text == '"' ? "&quot;"
						    : NULL;
		if (entity != NULL)
			buffer_append_text(out, entity);
		else
			buffer_append_char(out, (char)((unsigned char)*text < 0x20 ? ' ' : *text));
	}
}

/* One line of plain text: what people typed cannot begin another. */
static void put_plain(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++)
		buffer_append_char(out, (char)((unsigned char)*text < 0x20 ? ' ' : *text));
	buffer_append_char(out, '\n');
}

/* before + escaped text + after. */
static void put_html(struct paper *paper, const char *before, const char *text, const char *after)
{
	buffer_append_text(&paper->html, before);
	put_escaped(&paper->html, text);
	buffer_append_text(&paper->html, after);
}

static void put_both(struct paper *paper, const char *before, const char *text, const char *after)
{
	put_html(paper, before, text, after);
	put_plain(&paper->text, text);
}

void paper_begin(struct paper *paper, const struct notice_words *words, const char *title,
		 enum paper_mark mark, struct arena *mem)
{
	static const struct {
		const char *class;
		const char *colours;
		const char *sign;
	} marks[] = {
		[PAPER_GOOD] = {"good", "background:#e3f5ec;color:#157347;", "✓"},
		[PAPER_BAD] = {"bad", "background:#fde9e7;color:#b3261e;", "✕"},
		[PAPER_ACCENT] = {"accent", "background:#e8eefc;color:#2449b3;", "•"},
	};
	paper->mem = mem;
	paper->words = words;
	buffer_init(&paper->text, PAPER_MAX);
	buffer_init(&paper->html, PAPER_MAX);
	put_plain(&paper->text, title);
	buffer_append_char(&paper->text, '\n');
	buffer_printf(&paper->html,
		      "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n",
		      words->code);
	put_html(paper, "<title>", title, "</title>\n");
	buffer_append_text(&paper->html, style);
	buffer_printf(&paper->html,
		      "</head>\n<body class=\"canvas\" style=\"margin:0;padding:0;background:" CANVAS ";\">\n"
		      "<div class=\"canvas\" style=\"background:" CANVAS ";padding:32px 16px;" FONT
		      "font-size:16px;line-height:1.5;\">\n<main class=\"paper ink\" "
		      "style=\"max-width:520px;margin:0 "
		      "auto;padding:32px;background:" PAPER ";border:1px solid " LINE
		      ";border-radius:20px;color:" INK ";\">\n<div class=\"%s\" aria-hidden=\"true\" "
		      "style=\"width:48px;height:48px;line-height:48px;"
		      "border-radius:50%%;text-align:center;font-size:22px;font-weight:700;%s\">%s</div>\n",
		      marks[mark].class, marks[mark].colours, marks[mark].sign);
	put_html(paper,
		 "<h1 class=\"ink\" dir=\"auto\" style=\"margin:16px "
		 "0;font-size:24px;line-height:1.25;font-weight:650;color:" INK ";\">",
		 title, "</h1>\n");
}

void paper_card(struct paper *paper, const char *name, const char *below)
{
	buffer_append_text(&paper->html, "<div class=\"card\" style=\"border:1px solid " LINE
					 ";border-radius:12px;padding:20px;margin:0 0 20px;\">\n");
	put_both(paper,
		 "<h2 class=\"ink\" dir=\"auto\" "
		 "style=\"margin:0;font-size:18px;line-height:1.35;font-weight:620;color:" INK ";\">",
		 name, "</h2>\n");
	put_both(paper, "<p class=\"quiet\" dir=\"auto\" style=\"margin:0 0 12px;color:" INK_2 ";\">", below,
		 "</p>\n");
	buffer_append_char(&paper->text, '\n');
}

#define STRONG "<p class=\"ink\" dir=\"auto\" style=\"margin:0;font-weight:650;color:" INK ";\">"

void paper_strong(struct paper *paper, const char *line)
{
	put_both(paper, STRONG, line, "</p>\n");
}

void paper_day(struct paper *paper, const char *day, const char *clocks)
{
	buffer_printf(&paper->text, "%s, ", day);
	put_html(paper, STRONG, day, ", ");
	put_both(paper, "<span style=\"white-space:nowrap;\">", clocks, "</span></p>\n");
}

void paper_quiet(struct paper *paper, const char *line)
{
	put_both(paper, "<p class=\"quiet\" dir=\"auto\" style=\"margin:0;color:" INK_2 ";\">", line,
		 "</p>\n");
}

void paper_struck(struct paper *paper, const char *line)
{
	put_both(paper,
		 "<p class=\"quiet\" dir=\"auto\" style=\"margin:4px 0 0;color:" INK_2
		 ";text-decoration:line-through;\">",
		 line, "</p>\n");
}

void paper_line(struct paper *paper, const char *line)
{
	put_both(paper, "<p class=\"ink\" dir=\"auto\" style=\"margin:8px 0 0;color:" INK ";\">", line,
		 "</p>\n");
}

static void put_anchor(struct paper *paper, const char *class, const char *looks, const char *url,
		       const char *text)
{
	buffer_printf(&paper->html, "<a class=\"%s\" style=\"%s\" href=\"", class, looks);
	put_escaped(&paper->html, url);
	put_html(paper, "\">", text, "</a>");
}

void paper_link(struct paper *paper, const char *label, const char *url)
{
	const char *named = arena_printf(paper->mem, "%s%s ", label, paper->words->colon);
	buffer_append_text(&paper->text, named);
	put_plain(&paper->text, url);
	put_html(paper, "<p class=\"ink\" dir=\"auto\" style=\"margin:8px 0 0;color:" INK ";\">", named, "");
	const char *shown = strncmp(url, "https://", 8) == 0 ? url + 8 : url;
	put_anchor(paper, "link", "color:#2449b3;overflow-wrap:anywhere;", url, shown);
	buffer_append_text(&paper->html, "</p>\n");
}

void paper_gap(struct paper *paper)
{
	buffer_append_char(&paper->text, '\n');
	buffer_append_text(&paper->html, "<div class=\"card\" style=\"border-top:1px solid " LINE
					 ";margin:16px 0;\"></div>\n");
}

void paper_card_end(struct paper *paper)
{
	buffer_append_text(&paper->html, "</div>\n");
	buffer_append_char(&paper->text, '\n');
}

void paper_small(struct paper *paper, const char *line)
{
	put_both(paper, "<p class=\"quiet\" dir=\"auto\" style=\"margin:0 0 12px;color:" INK_2 ";\">", line,
		 "</p>\n");
}

void paper_code(struct paper *paper, const char *spaced)
{
	buffer_append_char(&paper->text, '\n');
	put_plain(&paper->text, spaced);
	buffer_append_char(&paper->text, '\n');
	put_html(paper,
		 "<p class=\"ink\" style=\"margin:16px "
		 "0;font-size:36px;line-height:1.2;font-weight:700;letter-spacing:4px;"
		 "font-variant-numeric:tabular-nums;color:" INK ";\">",
		 spaced, "</p>\n");
}

void paper_button(struct paper *paper, const char *label, const char *url)
{
	buffer_printf(&paper->text, "%s%s\n", label, paper->words->colon);
	put_plain(&paper->text, url);
	buffer_append_char(&paper->text, '\n');
	buffer_append_text(&paper->html, "<p style=\"margin:16px 0;\">");
	put_anchor(paper, "button",
		   "display:inline-block;padding:12px 24px;border-radius:12px;background:" ACCENT
		   ";color:#ffffff;font-weight:600;text-decoration:none;",
		   url, label);
	buffer_append_text(&paper->html, "</p>\n");
}

void paper_foot(struct paper *paper, const char *line)
{
	buffer_append_text(&paper->text, "-- \n");
	put_both(paper,
		 "<p class=\"quiet\" dir=\"auto\" style=\"margin:24px 0 0;font-size:14px;color:" INK_2 ";\">",
		 line, "</p>\n");
}

void paper_small_link(struct paper *paper, const char *label, const char *url)
{
	buffer_printf(&paper->text, "%s%s ", label, paper->words->colon);
	put_plain(&paper->text, url);
	buffer_append_text(&paper->html, "<p style=\"margin:4px 0 0;font-size:14px;\">");
	put_anchor(paper, "link", "color:#2449b3;", url, label);
	buffer_append_text(&paper->html, "</p>\n");
}

static const char *take(struct buffer *buffer, struct arena *mem)
{
	const char *text = arena_strndup(mem, buffer_text(buffer), buffer->length);
	buffer_clear(buffer);
	return text;
}

struct notice_text paper_end(struct paper *paper, const char *subject)
{
	buffer_append_text(&paper->html, "</main>\n</div>\n</body>\n</html>\n");
	return (struct notice_text){.subject = subject,
				    .text = take(&paper->text, paper->mem),
				    .html = take(&paper->html, paper->mem)};
}
