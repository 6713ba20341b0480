#include "http/settings.h"

struct server_settings server_settings_default(void)
{
	return (struct server_settings){
		.address = "127.0.0.1",
		.port = 8080,
		.listener = -1,
		.loops = 2,
		.connections = 4096,
		.header_seconds = 10,
		.body_seconds = 20,
		.reply_seconds = 30,
		.idle_seconds = 60,
		.lanes =
			{
				[LANE_DATABASE] = {.workers = 8,
						   .capacity = 1024,
						   .flood_capacity = 64,
						   .patience_ms = 2000},
				/* A crowd over many coaches is read in half a second: nobody need be told
				 * to come again. */
				[LANE_LISTING] = {.workers = 8,
						  .capacity = 2048,
						  .flood_capacity = 2048,
						  .patience_ms = 4000},
				[LANE_GOOGLE] = {.workers = 16,
						 .capacity = 512,
						 .flood_capacity = 64,
						 .patience_ms = 4000},
			},
	};
}
