/*
 * curl_trust - whose certificates every call of this layer trusts.
 */
#ifndef NET_CURL_TRUST_H
#define NET_CURL_TRUST_H

#include <curl/curl.h>

/* Find the system's certificates: once, before the first thread starts. */
void curl_trust_find(void);

/* Verify the server's certificate and name by them, with TLS 1.2 at least. */
void curl_trust(CURL *curl);

#endif
