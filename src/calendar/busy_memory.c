#include "busy_memory.h"

#include <string.h>

struct intervals row_copy(struct intervals row, struct arena *mem)
{
	struct interval *copy = arena_array(mem, row.count, sizeof(*copy));
	if (row.count > 0)
		memcpy(copy, row.at, row.count * sizeof(*copy));
	return (struct intervals){copy, row.count};
}

struct intervals row_join(struct intervals a, struct intervals b, struct arena *mem)
{
	struct interval *joined = arena_array(mem, a.count + b.count, sizeof(*joined));
	if (a.count > 0)
		memcpy(joined, a.at, a.count * sizeof(*joined));
	if (b.count > 0)
		memcpy(joined + a.count, b.at, b.count * sizeof(*joined));
	return (struct intervals){joined, intervals_normalize(joined, a.count + b.count)};
}

struct intervals row_part(struct intervals row, struct interval within)
{
	size_t first = intervals_first_ending_after(row, within.start);
	size_t last = first;
	while (last < row.count && row.at[last].start < within.end)
		last++;
	return (struct intervals){row.at + first, last - first};
}

struct busy_memory *busy_memory_new(struct interval within, struct intervals written, struct intervals others,
				    instant as_of, int64_t asked_at)
{
	struct arena mem = ARENA_EMPTY;
	struct busy_memory *memory = arena_alloc(&mem, sizeof(*memory));
	memory->within = within;
	memory->rows.written = row_copy(written, &mem);
	memory->rows.others = row_copy(others, &mem);
	memory->rows.all = row_join(written, others, &mem);
	memory->as_of = as_of;
	memory->asked_at = asked_at;
	memory->mem = mem;
	return memory;
}

void busy_memory_free(struct busy_memory *memory)
{
	if (memory == NULL)
		return;
	struct arena mem = memory->mem;
	arena_clear(&mem); /* the memory itself lives there */
}

bool busy_memory_covers(const struct busy_memory *memory, struct interval within)
{
	return memory != NULL && (within.start >= within.end ||
				  (memory->within.start <= within.start && memory->within.end >= within.end));
}
