#include "http/assets.h"

#include "assets.h"
#include "base/die.h"
#include "http/ready_body.h"

#include <stdlib.h>
#include <string.h>

/*
 * The assembler puts the files' bytes into the binary. Their sizes are the distances between
 * symbols, as a compiler cannot know them.
 */
#define EMBED(number, name, file)                                                                            \
	__asm__(".pushsection .rodata, \"a\"\n"                                                              \
		".balign 16\n"                                                                               \
		"asset_" #number "_bytes: .incbin \"" file "\"\n"                                            \
		"asset_" #number "_gzip: .incbin \"" file ".gz\"\n"                                          \
		"asset_" #number "_end:\n"                                                                   \
		".popsection\n");                                                                            \
	extern const char asset_##number##_bytes[] __attribute__((visibility("hidden")));                    \
	extern const char asset_##number##_gzip[] __attribute__((visibility("hidden")));                     \
	extern const char asset_##number##_end[] __attribute__((visibility("hidden")));
ASSETS(EMBED)

struct file {
	const char *name;
	const char *bytes;
	const char *gzip;
	const char *end;
};

#define FILE_ROW(number, name, file)                                                                         \
	{name, asset_##number##_bytes, asset_##number##_gzip, asset_##number##_end},
static const struct file files[] = {ASSETS(FILE_ROW)};
enum { FILES = sizeof(files) / sizeof(files[0]) };

struct assets {
	struct ready_body *bodies[FILES];
	struct buffer frame_policy; /* of the pages that may be framed; empty: there are none */
};

enum { POLICY_MAX = 8 * 1024 };

/*
 * Nothing inline runs, nothing of another site is loaded, no form goes elsewhere. The page's own scripts talk
 * to this server only.
 */
#define PAGE_POLICY                                                                                          \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "   \
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors"

static const char unframed_policy[] = PAGE_POLICY " 'none'";

/* Whether the settings may let other sites show it in a frame. The coach's page is shown in none. */
static bool may_be_framed(const char *name)
{
	return strncmp(name, "booking/", strlen("booking/")) == 0;
}

const char *assets_content_type(const char *name)
{
	static const struct {
		const char *suffix;
		const char *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".json", "application/json"},
		{".svg", "image/svg+xml"},
		{".png", "image/png"},
		{".ico", "image/x-icon"},
		{".webmanifest", "application/manifest+json"},
		{".woff2", "font/woff2"},
		{".txt", "text/plain; charset=utf-8"},
	};
	const char *suffix = strrchr(name, '.');
	for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].suffix, suffix) == 0)
			return types[i].type;
	return "application/octet-stream";
}

struct assets *assets_new(const char *const frame_origins[])
{
	struct assets *assets = calloc(1, sizeof(*assets));
	if (assets == NULL)
		die("out of memory");
	buffer_init(&assets->frame_policy, POLICY_MAX);
	for (size_t i = 0; frame_origins != NULL && frame_origins[i] != NULL; i++)
		buffer_printf(&assets->frame_policy, "%s %s", i == 0 ? PAGE_POLICY : "", frame_origins[i]);
	if (assets->frame_policy.overflowed)
		die("a list of origins that config.c should have refused");
	for (size_t i = 0; i < FILES; i++) {
		size_t length = (size_t)(files[i].gzip - files[i].bytes);
		size_t gzip_length = (size_t)(files[i].end - files[i].gzip);
		assets->bodies[i] = ready_body_new_static(files[i].bytes, length,
							  gzip_length < length ? files[i].gzip : NULL,
							  gzip_length, assets_content_type(files[i].name));
	}
	return assets;
}

void assets_free(struct assets *assets)
{
	if (assets == NULL)
		return;
	for (size_t i = 0; i < FILES; i++)
		ready_body_drop(assets->bodies[i]);
	buffer_clear(&assets->frame_policy);
	free(assets);
}

const char *assets_version(void)
{
	return ASSETS_VERSION;
}

/* Whoever comes back to a page within minutes need not ask: it names its files by their version. */
static const char *cache_control(unsigned status, bool page, bool current)
{
	if (status != 200)
		return "no-store";
	if (page)
		return "public, max-age=300";
	return current ? "public, max-age=31536000, immutable" : "public, no-cache";
}

bool assets_reply(const struct assets *assets, const char *name, unsigned status,
		  const struct request *request, struct reply *reply)
{
	size_t i = 0;
	while (i < FILES && strcmp(files[i].name, name) != 0)
		i++;
	if (i == FILES)
		return false;

	const char *version = request_query(request, "v");
	bool current = version != NULL && strcmp(version, ASSETS_VERSION) == 0;
	bool page = strncmp(assets->bodies[i]->content_type, "text/html", 9) == 0;
	reply_header_literal(reply, "Cache-Control", cache_control(status, page, current));
	reply_header_literal(reply, "Referrer-Policy", "strict-origin-when-cross-origin");
	if (page) {
		reply_header_literal(reply, "Content-Security-Policy",
				     assets->frame_policy.length > 0 && may_be_framed(name)
					     ? buffer_text(&assets->frame_policy)
					     : unframed_policy);
		/* A window of another site that opened the page, or was opened by it, gets no hold of it. */
		reply_header_literal(reply, "Cross-Origin-Opener-Policy", "same-origin");
	} else {
		/* Nothing in them is secret, and the widget lives on other sites. */
		reply_header_literal(reply, "Access-Control-Allow-Origin", "*");
		reply_header_literal(reply, "Cross-Origin-Resource-Policy", "cross-origin");
	}
	reply_ready(reply, status, request, assets->bodies[i]);
	return true;
}
