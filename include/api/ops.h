/*
 * ops - what operators and monitors call, and where the bare address leads. All of it is answered on the
 * loop, from memory.
 */
#ifndef API_OPS_H
#define API_OPS_H

#include "api/api.h"

void api_health(struct call *call);
void api_healthz(struct call *call);
void api_readyz(struct call *call);
void api_metrics(struct call *call);
void api_openapi(struct call *call);
void api_redirect(struct call *call);
void api_no_such(struct call *call); /* 404, where only a browser finds something */

#endif
