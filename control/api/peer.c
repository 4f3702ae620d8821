/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is at the other end of a Unix socket, as the kernel says. The file's mode keeps others out already; this holds where somebody
 * changed the mode, or handed a descriptor on.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define PEER_GROUPS 1024

int peer_who(int fd, struct api_who *who)
{
	struct ucred cred;
	socklen_t n = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n))
		return -errno;
	*who = (struct api_who){.pid = cred.pid, .uid = cred.uid, .gid = cred.gid};
	return 0;
}

static bool peer_in_group(int fd, gid_t group)
{
	gid_t groups[PEER_GROUPS];
	socklen_t n = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n))
		return false; /* in more groups than that: by the first one only */
	for (unsigned int i = 0; i < n / sizeof(gid_t); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool peer_may(int fd, const struct api_who *who, unsigned int group)
{
	if (who->uid == 0 || who->uid == geteuid())
		return true;
	return group != (gid_t)-1 && (who->gid == group || peer_in_group(fd, group));
}
