/*
 * table - hash tables of structs: uthash (https://troydhanson.github.io/uthash/) under one keyed hash.
 *
 * Keys come from outside (names of coaches, credentials), so the hash is SipHash under a key of this process:
 * nobody can choose names that fall into one bucket. Include this instead of <uthash.h>. uthash links structs
 * through their UT_hash_handle and owns none of them; it takes no lock. Memory that cannot be had ends the
 * process.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/die.h"

#include <stddef.h>
#include <stdint.h>

#define HASH_FUNCTION(key, size, ret_hash) ((ret_hash) = table_hash((key), (size)))
#define uthash_fatal(reason)               die(reason)
#include <uthash.h>

/* The low 32 bits of SipHash-2-4 of `size` bytes at `key`. Any thread; the first call draws the key. */
unsigned table_hash(const void *key, size_t size);

/* All 64 bits of it. */
uint64_t table_hash_64(const void *key, size_t size);

#endif
