#include "curl_trust.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

/*
 * Whether the system keeps its trusted certificates as a folder with one file each, named by hash. Then only
 * the one that is needed is read; the bundle of all is parsed again by each client, which costs 0.2 s and
 * almost 1 MiB apiece.
 */
static bool certificates_in_folder;

void curl_trust_find(void)
{
	const char *path = curl_version_info(CURLVERSION_NOW)->capath;
	DIR *folder = path ? opendir(path) : NULL;
	const struct dirent *entry;
	bool found = false;
	if (!folder)
		return;
	while (!found && (entry = readdir(folder))) {
		/* xxxxxxxx.0 */
		found = strlen(entry->d_name) == 10 && strcmp(entry->d_name + 8, ".0") == 0;
	}
	closedir(folder);
	certificates_in_folder = found;
}

void curl_trust(CURL *curl)
{
	/* Never both: with a folder besides the bundle, libcurl parses the bundle for each connection. */
	if (certificates_in_folder)
		curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
	else if (curl_version_info(CURLVERSION_NOW)->cainfo)
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}
