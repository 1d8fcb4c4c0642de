// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of node files, and addresses as people write them. What is accepted is printable and comes back the same. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nodefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An address that was parsed prints as something that parses to the same */
static void try_address(const char *text)
{
	struct node_addr one, two;
	char printed[NODE_TEXT_MAX], why[64];

	if (node_parse(text, &one, why, sizeof(why)) < 0) {
		assert(memchr(why, '\0', sizeof(why)));
		return;
	}
	assert(one.port != 0 && strlen(one.host) < sizeof(one.host));
	node_format(&one, printed);
	assert(node_parse(printed, &two, why, sizeof(why)) == 0);
	assert(strcmp(one.host, two.host) == 0 && one.port == two.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NODEFILE_NAME_MAX + 1], addr[NODEFILE_ADDR_MAX + 1];
	char *line = malloc(size + 1);
	int ret;

	if (!line)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	ret = nodefile_parse_line(line, name, addr);
	assert(ret == 0 || ret == 1 || ret == -EINVAL);
	if (ret == 1) {
		assert(nodefile_name_valid(name));
		assert(addr[0] != '\0' && !strpbrk(addr, " \t\r\n#"));
		try_address(addr);
	}
	try_address(line);
	free(line);
	return 0;
}
