#include "base/table.h"

#include "base/crypto.h"
#include "base/siphash.h"

#include <pthread.h>

static struct siphash_key process_key;

static void draw_key(void)
{
	crypto_random(&process_key, sizeof(process_key));
}

uint64_t table_hash_64(const void *key, size_t size)
{
	static pthread_once_t drawn = PTHREAD_ONCE_INIT;
	pthread_once(&drawn, draw_key);
	return siphash_64(process_key, key, size);
}

unsigned table_hash(const void *key, size_t size)
{
	return (unsigned)table_hash_64(key, size);
}
