/* SPDX-License-Identifier: BSD-3-Clause */
/* reload: what SIGHUP does, with an answer. */
#include <errno.h>

#include "api.h"
#include "tp_changes.h"

static const struct api_column reload_columns[] = {{"reloaded", "certificates and users are those of the files now", TP_UNIT_TEXT}};

static void reload_run(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	int ret = tp_change_reload(d);

	(void)args;
	if (ret == -EAGAIN)
		api_error_set(&outcome->error, API_BUSY, "workers still hold what the last reload replaced: try again");
	else if (ret)
		api_error_set(&outcome->error, API_FAILED,
		        "a file has a mistake and stays as it was, the others hold: turnpikectl log says which");
	if (ret)
		return;
	outcome->data = json_pack("{s:b}", "reloaded", 1);
	outcome->show = api_show();
	api_show_pairs(outcome->show, "", NULL, API_COLUMNS(reload_columns));
}

void api_reload(struct api_request *r)
{
	api_change(r, reload_run);
}
