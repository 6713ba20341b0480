/* The part of a schedule document that says what a session costs. */
#include "schedule_reader.h"

#include <string.h>

static bool is_currency(const char *text)
{
	return strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static void read_money(struct reader *reader, const json_t *value, const char *path, struct price *price)
{
	const json_t *amount = json_object_get(value, "amount");
	const json_t *currency = json_object_get(value, "currency");
	if (amount == NULL && currency == NULL)
		return;
	reader_integer(reader, amount, reader_member(reader, path, "amount"), 0, PRICE_AMOUNT_MAX,
		       &price->amount);
	if (!json_is_string(currency) || !is_currency(json_string_value(currency)))
		reader_invalid(reader, reader_member(reader, path, "currency"),
			       "must be a currency code of three capital letters, such as USD.");
	else
		price->currency = arena_strdup(reader->mem, json_string_value(currency));
}

void reader_price(struct reader *reader, const json_t *value, const char *path, struct price *ret_price)
{
	static const char *const names[] = {"credits", "amount", "currency"};
	struct price price = {0};
	if (json_is_null(value) || !reader_object(reader, value, path, names, 3))
		return;
	const json_t *credits = json_object_get(value, "credits");
	if (credits != NULL)
		reader_integer(reader, credits, reader_member(reader, path, "credits"), 0, PRICE_CREDITS_MAX,
			       &price.credits);
	read_money(reader, value, path, &price);
	*ret_price = price;
}
