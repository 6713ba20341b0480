#include "api/slots_command.h"
#include "commands/command.h"

enum exit_code command_slots(char *arguments[])
{
	(void)arguments;
	return slots_command(stdin, stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
