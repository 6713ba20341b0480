#include "base/table.h"

#include "base/crypto.h"
#include "base/siphash.h"

#include <pthread.h>

static struct siphash_key process_key;

static void draw_key(void)
{
	crypto_random(&process_key, sizeof(process_key));
}

unsigned table_hash(const void *key, size_t size)
{
	static pthread_once_t drawn = PTHREAD_ONCE_INIT;
	pthread_once(&drawn, draw_key);
	return (unsigned)siphash_64(process_key, key, size);
}
