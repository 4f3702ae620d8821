/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The audit log: who changed what, when, and how it ended, one line each. It goes to the log, and as JSON to a file of its own where the
 * configuration names one. Every line is one write at the end of the file, so that lines of two processes do not mix and rotation by renaming is
 * noticed: the file is opened anew where its name leads elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

static int audit_fd = -1;
static bool audit_torn; /* its last line has no end */
static char audit_path[4096];

static int audit_reopen(void)
{
	int fd = open(audit_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

	if (fd < 0)
		return -errno;
	if (audit_fd >= 0)
		close(audit_fd);
	audit_fd = fd;
	audit_torn = false;
	return 0;
}

static void audit_follow(void)
{
	struct stat open_one, named;

	if (fstat(audit_fd, &open_one) == 0 && stat(audit_path, &named) == 0 && open_one.st_ino == named.st_ino &&
	        open_one.st_dev == named.st_dev)
		return;
	audit_reopen();
}

int api_audit_open(const char *path, char *err, size_t err_len)
{
	int ret = 0;

	audit_fd = -1;
	if (!path)
		return 0;
	if (snprintf(audit_path, sizeof(audit_path), "%s", path) >= (int)sizeof(audit_path))
		ret = -ENAMETOOLONG;
	if (ret == 0)
		ret = audit_reopen();
	if (ret)
		snprintf(err, err_len, "control.audit: cannot write '%s': %s", path, strerror(-ret));
	return ret;
}

void api_audit_close(void)
{
	if (audit_fd >= 0)
		close(audit_fd);
	audit_fd = -1;
}

/*
 * From the accounts of this machine alone. The name service may ask another one and wait for it, and this thread serves everybody; whom only that knows is told by
 * number.
 */
static void audit_user(unsigned int uid, char *name, size_t len)
{
	FILE *accounts = fopen("/etc/passwd", "re");
	struct passwd user, *found;
	char room[4096];

	snprintf(name, len, "%u", uid);
	while (accounts && fgetpwent_r(accounts, &user, room, sizeof(room), &found) == 0)
		if (found->pw_uid == uid) {
			snprintf(name, len, "%s", found->pw_name);
			break;
		}
	if (accounts)
		fclose(accounts);
}

static json_t *audit_line(const struct api_who *who, const char *command, const json_t *args, const struct api_error *error)
{
	char at[40], user[64];
	struct timespec now;
	struct tm utc;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(at + n, sizeof(at) - n, ".%06ldZ", now.tv_nsec / 1000);
	audit_user(who->uid, user, sizeof(user));
	return json_pack("{s:s, s:I, s:s, s:i, s:s, s:O, s:s, s:o*}", "at", at, "uid", (json_int_t)who->uid, "user", user, "pid",
	        who->pid, "command", command, "args", args, "outcome", error ? api_error_words[error->code] : "ok", "message",
	        error ? api_json_text(error->message, strlen(error->message)) : NULL);
}

/* A line that a full disk has cut off is ended, so that the next one can be read. */
static void audit_write(const char *text)
{
	char *line;
	int n = asprintf(&line, "%s%s\n", audit_torn ? "\n" : "", text);
	ssize_t written;

	if (n < 0) {
		api_count(TP_CONTROL_audit_lost);
		return;
	}
	audit_follow();
	written = write(audit_fd, line, (size_t)n);
	if (written != n) {
		api_count(TP_CONTROL_audit_lost);
		tp_log_at(TP_LOG_ERROR, "control.audit: cannot write '%s': %s", audit_path,
		        written < 0 ? strerror(errno) : "no room for the whole line");
	}
	if (written > 0)
		audit_torn = line[written - 1] != '\n';
	free(line);
}

void api_audit(const struct api_who *who, const char *command, const json_t *args, const struct api_error *error)
{
	json_t *line = audit_line(who, command, args, error);
	char *text = json_dumps(line, JSON_COMPACT);

	if (text)
		tp_log("audit: %s", text);
	if (text && audit_fd >= 0)
		audit_write(text);
	free(text);
	json_decref(line);
}
