/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket as a service of the admin thread: the socket's file, who may connect, how many at a time.
 *
 * A file that a turnpiked which did not end well has left is taken over; one that somebody answers on is not. Where nobody asked for a control socket (socket and group
 * are unset) and its folder cannot be made, turnpiked runs without one and says so: a test or a trial without privileges needs none.
 */
#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"

#define SERVER_BACKLOG 128

struct api_client *server_clients;
unsigned int server_n_clients;
uint64_t tp_control_counters[TP_CONTROL_COUNTER_COUNT];

#define SERVER_COUNTER_DESC(name, help) [TP_CONTROL_##name] = {#name, help},
const struct tp_control_counter_desc tp_control_counter_descs[TP_CONTROL_COUNTER_COUNT] = {
        TP_CONTROL_COUNTERS(SERVER_COUNTER_DESC)};

static struct evconnlistener *server_listener;
static struct sockaddr_un server_address;
static bool server_bound;
static gid_t server_group;
static unsigned int server_max;

/* ---- clients ----------------------------------------------------------------------------------------------------------------------- */
/* A sentence to somebody who is not taken, as far as the socket takes it at once. */
static void server_turn_away(int fd, enum tp_control_counter counter, enum api_error_code code, const char *why)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "{\"id\":null,\"ok\":false,\"error\":{\"code\":\"%s\",\"message\":\"%s\"}}\n",
	        api_error_words[code], why);

	api_count(counter);
	if (send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		api_count(TP_CONTROL_vanished);
	close(fd);
}

static void server_on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	struct api_who who;

	(void)address;
	(void)len;
	(void)ctx;
	if (peer_who(fd, &who) || !peer_may(fd, &who, server_group)) {
		server_turn_away(fd, TP_CONTROL_not_permitted, API_DENIED,
		        "not permitted: expected root, the user of turnpiked or a member of control.group");
	} else if (server_n_clients >= server_max) {
		server_turn_away(fd, TP_CONTROL_too_many_clients, API_BUSY,
		        "as many clients as control.clients allows are connected: try again later");
	} else {
		api_count(TP_CONTROL_clients);
		client_new(evconnlistener_get_base(listener), fd, &who);
	}
}

/* ---- the file ---------------------------------------------------------------------------------------------------------------------- */
static int server_fail(char *err, size_t err_len, int error, const char *what)
{
	snprintf(err, err_len, "control.socket: %s '%s': %s", what, server_address.sun_path, strerror(error));
	return -error;
}

/* Whether somebody answers on the file that is there. */
static bool server_is_taken(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool taken = fd >= 0 && (connect(fd, (struct sockaddr *)&server_address, sizeof(server_address)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return taken;
}

static int server_clear_place(char *err, size_t err_len)
{
	struct stat there;

	if (lstat(server_address.sun_path, &there))
		return errno == ENOENT ? 0 : server_fail(err, err_len, errno, "cannot look at");
	if (!S_ISSOCK(there.st_mode))
		return server_fail(err, err_len, EEXIST, "found something that is no socket at");
	if (server_is_taken())
		return server_fail(err, err_len, EADDRINUSE, "another turnpiked answers on");
	return unlink(server_address.sun_path) ? server_fail(err, err_len, errno, "cannot remove the old") : 0;
}

/* Only a member may give a file of his to a group. */
static int server_not_given(char *err, size_t err_len, int error)
{
	int ret = server_fail(err, err_len, error, "cannot give to control.group");
	size_t used = strlen(err);

	if (error == EPERM)
		snprintf(err + used, err_len - used,
		        "; the user that turnpiked runs as must be a member of that group: usermod -a -G GROUP USER");
	return ret;
}

/* Mode 0660 with a group, 0600 without. */
static int server_permit(char *err, size_t err_len)
{
	const char *path = server_address.sun_path;

	if (server_group != (gid_t)-1 && chown(path, (uid_t)-1, server_group))
		return server_not_given(err, err_len, errno);
	if (chmod(path, server_group == (gid_t)-1 ? 0600 : 0660))
		return server_fail(err, err_len, errno, "cannot set the mode of");
	return 0;
}

static int server_bind(char *err, size_t err_len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), ret;

	if (fd < 0)
		return server_fail(err, err_len, errno, "no socket for");
	ret = server_clear_place(err, err_len);
	if (ret == 0 && bind(fd, (struct sockaddr *)&server_address, sizeof(server_address)))
		ret = server_fail(err, err_len, errno, "cannot make");
	server_bound = ret == 0;
	if (ret == 0)
		ret = server_permit(err, err_len);
	if (ret == 0 && listen(fd, SERVER_BACKLOG))
		ret = server_fail(err, err_len, errno, "cannot listen on");
	if (ret == 0)
		return fd;
	close(fd);
	return ret;
}

static int server_find_group(const char *name, char *err, size_t err_len)
{
	char room[16384];
	struct group group, *found = NULL;

	server_group = (gid_t)-1;
	if (!name)
		return 0;
	getgrnam_r(name, &group, room, sizeof(room), &found);
	if (!found) {
		snprintf(err, err_len, "control.group: found '%s', expected a group of this machine", name);
		return -ENOENT;
	}
	server_group = found->gr_gid;
	return 0;
}

/* ---- the service ------------------------------------------------------------------------------------------------------------------- */
static void server_stop(void)
{
	while (server_clients)
		client_free(server_clients);
	if (server_listener)
		evconnlistener_free(server_listener);
	server_listener = NULL;
	if (server_bound)
		unlink(server_address.sun_path);
	server_bound = false;
	api_audit_close();
}

static int server_listen(struct event_base *base, char *err, size_t err_len)
{
	int fd = server_bind(err, err_len);

	if (fd < 0)
		return fd;
	server_listener = evconnlistener_new(base, server_on_accept, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (server_listener)
		return 0;
	close(fd);
	return server_fail(err, err_len, ENOMEM, "cannot listen on");
}

static int server_start(struct event_base *base, const struct tp_conf *conf, char *err, size_t err_len)
{
	const struct tp_conf_control *control = &conf->control;
	int ret;

	server_max = control->clients;
	if (server_max == 0)
		return 0;
	server_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(server_address.sun_path, sizeof(server_address.sun_path), "%s", control->socket);
	ret = server_find_group(control->group, err, err_len);
	if (ret == 0)
		ret = api_audit_open(control->audit, err, err_len);
	if (ret)
		return ret;
	if (control->socket_is_default && mkdir(TP_CONTROL_FOLDER, 0755) && errno != EEXIST)
		ret = server_fail(err, err_len, errno, "cannot make the folder of");
	if (ret == 0)
		ret = server_listen(base, err, err_len);
	if (ret == 0) {
		tp_log("control socket: %s", server_address.sun_path);
	} else if (control->socket_is_default && !control->group) {
		tp_log_at(TP_LOG_WARNING, "%s; turnpikectl cannot reach this turnpiked: set control.socket", err);
		ret = 0;
	}
	return ret;
}

const struct tp_service tp_control_socket = {.name = "control socket", .start = server_start, .stop = server_stop};
