/* SPDX-License-Identifier: BSD-3-Clause */
/* What people and monitoring reach turnpiked by. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "tp_commands.h"

int conf_build_control(struct conf_build *b)
{
	const struct conf_control *raw = &b->raw->control;
	struct tp_conf_control *control = &b->conf->control;
	char path[128];

	snprintf(path, sizeof(path), TP_CONTROL_SOCKET, b->raw->name);
	control->socket_is_default = !raw->socket;
	control->socket = conf_file_path(b->owned, raw->socket ? raw->socket : path);
	control->audit = raw->audit ? conf_file_path(b->owned, raw->audit) : NULL;
	control->group = raw->group;
	control->clients = raw->clients;
	if (!control->socket || (raw->audit && !control->audit))
		return -ENOMEM;
	if (strlen(control->socket) > 107)
		conf_mistake_at(b->doc, "control.socket", "found '%s', expected a path of at most 107 octets, folder included",
		        control->socket);
	return 0;
}
