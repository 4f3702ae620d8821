/* SPDX-License-Identifier: BSD-3-Clause */
#include "xdp.h"

#include <dirent.h>
#include <dlfcn.h>
#include <linux/if_xdp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool xdp_socket_is(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_XDP;
}

void tp_xdp_sockets_find(struct tp_xdp_sockets *sockets)
{
	static const struct tp_xdp_sockets none;

	tp_xdp_sockets_find_new(&none, sockets);
}

static bool xdp_sockets_have(const struct tp_xdp_sockets *sockets, int fd)
{
	for (unsigned int i = 0; i < sockets->n; i++) {
		if (sockets->fd[i] == fd)
			return true;
	}
	return false;
}

void tp_xdp_sockets_find_new(const struct tp_xdp_sockets *before, struct tp_xdp_sockets *sockets)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	sockets->n = 0;
	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL && sockets->n < TP_XDP_SOCKETS_MAX) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && xdp_socket_is(fd) && !xdp_sockets_have(before, fd))
			sockets->fd[sockets->n++] = fd;
	}
	closedir(folder);
}

uint64_t tp_xdp_sockets_missed(const struct tp_xdp_sockets *sockets)
{
	uint64_t missed = 0;

	for (unsigned int i = 0; i < sockets->n; i++) {
		struct xdp_statistics s = {0};
		socklen_t len = sizeof(s);

		if (getsockopt(sockets->fd[i], SOL_XDP, XDP_STATISTICS, &s, &len) == 0)
			missed += s.rx_dropped + s.rx_ring_full;
	}
	return missed;
}

/* ---- libraries -------------------------------------------------------------------------------------------------------------- */
/* Both libraries have the same type of print function and number their levels alike: 0 is a warning. */
typedef int (*xdp_print_fn)(int level, const char *format, va_list ap);
typedef xdp_print_fn (*xdp_set_print_fn)(xdp_print_fn fn);

static void (*xdp_print)(const char *text);

static int xdp_library_print(int level, const char *format, va_list ap)
{
	char text[512];

	if (level != 0)
		return 0;
	vsnprintf(text, sizeof(text), format, ap);
	xdp_print(text);
	return 0;
}

static void xdp_library_redirect(const char *library, const char *symbol)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
	xdp_set_print_fn set;

	if (handle == NULL)
		return;
	/* ISO C has no conversion from an object pointer to a function pointer; POSIX promises that the representation is the same. */
	*(void **)&set = dlsym(handle, symbol);
	if (set != NULL)
		set(xdp_library_print);
	dlclose(handle);
}

void tp_xdp_libraries_log(void (*print)(const char *text))
{
	xdp_print = print;
	xdp_library_redirect("libbpf.so.1", "libbpf_set_print");
	xdp_library_redirect("libxdp.so.1", "libxdp_set_print");
}
