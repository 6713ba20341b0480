/* Compiled zone files: what is read has its changes in order and its kinds in bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "domain/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena mem = ARENA_EMPTY;
	struct tzif table;
	if (tzif_read(bytes, size, &mem, &table)) {
		if (table.rule != NULL && table.change_count == 0)
			abort();
		for (size_t i = 0; i < table.change_count; i++) {
			const struct tzif_kind *kind = &table.kinds[table.change_kinds[i]];
			if (i > 0 && table.changes[i] <= table.changes[i - 1])
				abort();
			if (kind->offset < -100000 || kind->offset > 100000 ||
			    kind->letters[TZIF_LETTERS_BYTES - 1] != '\0')
				abort();
		}
	}
	arena_clear(&mem);
	return 0;
}
