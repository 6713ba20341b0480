#include "library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

typedef enum MHD_Result queue_response(struct MHD_Connection *connection, unsigned int status,
				       struct MHD_Response *response);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static queue_response *library;
static library_refusal *on_refusal;

static void find(void)
{
	*(void **)&library = dlsym(RTLD_NEXT, "MHD_queue_response"); /* POSIX's way to a function */
}

bool library_init(library_refusal *refusal)
{
	on_refusal = refusal;
	return pthread_once(&once, find) == 0 && library != NULL;
}

enum MHD_Result library_queue_response(struct MHD_Connection *connection, unsigned status,
				       struct MHD_Response *response)
{
	return pthread_once(&once, find) == 0 && library != NULL ? library(connection, status, response)
								 : MHD_NO;
}

/* Called by libmicrohttpd, and by programs that link this and use it without a server of ours. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned int status,
				   struct MHD_Response *response)
{
	return on_refusal != NULL ? on_refusal(connection, status, response)
				  : library_queue_response(connection, status, response);
}
