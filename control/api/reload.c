/* SPDX-License-Identifier: BSD-3-Clause */
/* reload: what SIGHUP does, with an answer. */
#include <errno.h>

#include "api.h"
#include "tp_changes.h"

static const struct api_column reload_columns[] = {
        {"reloaded", "the configuration and the files it names are in force as they are now", TP_UNIT_TEXT}};

static void reload_done(void *ctx, int rc)
{
	struct api_outcome *outcome = ctx;

	if (rc == -ECANCELED) {
		api_error_set(&outcome->error, API_STOPPING, "turnpiked is stopping: nothing was changed");
	} else if (rc) {
		api_error_set(&outcome->error, API_FAILED,
		        "the configuration or a file it names has a mistake or needs a restart, nothing was changed: standard "
		        "error "
		        "of turnpiked says which");
	} else {
		outcome->data = json_pack("{s:b}", "reloaded", 1);
		outcome->show = api_show();
		api_show_pairs(outcome->show, "", NULL, API_COLUMNS(reload_columns));
	}
	api_known(outcome);
}

static void reload_run(struct tp_daemon *d, const json_t *args, struct api_outcome *outcome)
{
	int ret = tp_change_reload(d, reload_done, outcome);

	(void)args;
	outcome->later = ret == 0;
	if (ret == -EBUSY)
		api_error_set(&outcome->error, API_BUSY,
		        "another configuration is under way, or workers still hold what the last one replaced: try again");
	else if (ret)
		api_error_set(&outcome->error, API_FAILED, "no memory for it");
}

void api_reload(struct api_request *r)
{
	api_change(r, reload_run);
}
