#include "domain/refusal.h"

#include <stddef.h>

const char *refusal_code(enum refusal refusal)
{
#define CODE(name, code, status, sentence) [REFUSAL_##name] = #code,
	static const char *const codes[] = {[REFUSAL_NONE] = NULL, REFUSALS(CODE)};
#undef CODE
	return codes[refusal];
}

const char *refusal_sentence(enum refusal refusal)
{
#define SENTENCE(name, code, status, sentence) [REFUSAL_##name] = (sentence),
	static const char *const sentences[] = {[REFUSAL_NONE] = NULL, REFUSALS(SENTENCE)};
#undef SENTENCE
	return sentences[refusal];
}
