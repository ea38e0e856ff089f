/* SPDX-License-Identifier: MIT */
/* listener.h - the sockets on which HAProxy finds the agent. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { LISTENER_MAX = 64 };

struct listener {
	int fd;
	char name[128]; /* for the log: "127.0.0.1:9000", "unix@/run/dicom.sock" */
	char path[108]; /* of a UNIX socket; else empty */
	dev_t dev;      /* of the file at <path>, to know it again */
	ino_t ino;
};

struct listeners {
	struct listener items[LISTENER_MAX];
	size_t count;
	bool alone; /* set by the caller: TCP addresses without SO_REUSEPORT */
};

/* Who may connect to a UNIX socket. */
struct listener_owner {
	mode_t mode;
	uid_t uid; /* (uid_t)-1: that of the process */
	gid_t gid; /* (gid_t)-1: that of the process */
};

struct listener_error {
	char text[256]; /* the address, and what is wrong with it */
};

/* Bind and listen on <address>: HOST:PORT, [IPv6]:PORT, *:PORT or unix@/path.  A
 * host of several addresses gives several listeners; port 0 takes a free one.  Unless
 * <all>->alone is set, several agents may listen on the same TCP address; a UNIX socket
 * is taken over from an agent that is still running.  False with <error> filled in; what
 * was opened before stays open.
 */
bool listener_open(struct listeners *all, const char *address,
		   const struct listener_owner *owner, struct listener_error *error);

/* Remove the files of the UNIX sockets, unless another agent has replaced them, so that
 * nobody can connect there any more.  What has connected can still be accepted.
 */
void listeners_hide(struct listeners *all);

/* Refuse new connections, and reset those that wait to be accepted.  The file descriptor
 * stays open, since an event loop may still watch it.
 */
void listener_refuse(struct listener *l);

/* listeners_hide(), and close all of them. */
void listeners_close(struct listeners *all);

#endif
