/*
 * config_value - the kinds of settings: what each takes, and how it is kept. Only config.c uses this.
 *
 * Runs once at start on one thread.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VALUE_MAX = 64 * 1024 };

enum value_kind {
	KIND_TEXT,         /* one line of printable characters; min and max count bytes */
	KIND_SECRET,       /* the same, and not a few characters over and over */
	KIND_SQL,          /* text with line breaks, and $1 in it */
	KIND_ID,           /* 1 to 64 of A-Z a-z 0-9 . _ - */
	KIND_EMAIL,        /* something@something */
	KIND_INTEGER,      /* min .. max */
	KIND_BOOLEAN,      /* 1 0 true false yes no on off */
	KIND_ADDRESS,      /* IPv4 or IPv6 */
	KIND_LISTEN,       /* address:port, with brackets around IPv6 */
	KIND_URL,          /* http:// or https:// */
	KIND_BASE,         /* the same without a query */
	KIND_SECURE_URL,   /* https://, or http:// to a loopback address */
	KIND_ENDPOINT,     /* http:// or https://, kept as it is */
	KIND_WEBHOOK_KEYS, /* whsec_ and 24 to 64 bytes in base64; two with a blank between */
	KIND_PAGE,         /* a URL, with {id} in it or not */
	KIND_MAIL_URL,     /* smtp:// or smtps://, host, port, and a name to greet with */
	KIND_MAIL_TLS,     /* require or none */
	KIND_EMAILS,       /* addresses with commas between */
	KIND_DATABASE,     /* postgresql:// or keyword=value */
	KIND_ORIGINS,      /* a list of origins, or * */
	KIND_SITES,        /* a list of origins */
	KIND_KEYS,         /* 32 bytes in base64, several with commas */
	KIND_JSON,         /* a JSON object or the path of a file with one */
	KIND_ACCOUNT,      /* as KIND_JSON, or that object in base64; line breaks in its strings are mended */
	KIND_PEM,          /* PEM text, that text in base64, or the path of a file with it */
	KIND_LEVEL,
	KIND_FORMAT
};

/* What a value is measured by. */
struct value_rule {
	enum value_kind kind;
	int64_t min; /* of integers; of texts, in bytes */
	int64_t max;
};

/*
 * Check `value` and keep it at `place`, whose type follows from the kind: int64_t, bool, enum log_level, enum
 * log_format, char ** (origins, NULL at the end), or char * for all others. Takes `value` (from value_copy or
 * value_read_file) over, in any case. JSON and PEM kinds read the file they name.
 * Returns NULL when it is good; else what is wrong ("must be …"), `place` untouched, valid until the next
 * call.
 */
const char *value_store(struct value_rule rule, char *value, void *place);

/* A copy of `length` bytes with a NUL behind. */
char *value_copy(const char *text, size_t length);

/* The file's text without line ends at its end; NULL and why not. At most VALUE_MAX bytes. */
char *value_read_file(const char *path, const char **ret_why);

/* The text of a JSON or PEM kind, wherever it stands. Takes `value` over; NULL and why not. */
char *value_document(enum value_kind kind, char *value, const char **ret_why);

/* Overwrite and free a text, which may be NULL: memory of a secret is never handed back as it is. */
void value_wipe(char *text);

/* Overwrite and free what value_store() kept at `place`. */
void value_free(enum value_kind kind, void *place);

#endif
