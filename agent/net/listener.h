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
	bool alone; /* to be set before: no other process may listen on a TCP address */
};

/* Who may connect to a UNIX socket. */
struct listener_owner {
	mode_t mode;
	uid_t uid; /* (uid_t)-1: as it is */
	gid_t gid; /* (gid_t)-1: as it is */
};

struct listener_error {
	char text[256]; /* what was wrong with which address */
};

/* Bind and listen on <address>: HOST:PORT, [IPv6]:PORT, *:PORT or unix@/path.  A
 * host of several addresses gives several listeners; port 0 takes a free one.  Two
 * agents may listen on the same address, unless <all> says otherwise; a UNIX socket is
 * taken over from an agent that is still running.  False with <error> filled; what was
 * opened before stays.
 */
bool listener_open(struct listeners *all, const char *address,
		   const struct listener_owner *owner, struct listener_error *error);

/* Remove the UNIX sockets that are still ours: whoever comes now finds the next agent, or
 * nobody.  What has connected can still be accepted.
 */
void listeners_hide(struct listeners *all);

/* Refuse new connections, and reset those that wait to be accepted.  The file descriptor
 * stays open for whoever still watches it.
 */
void listener_refuse(struct listener *l);

/* Close what is open, and remove the UNIX sockets that are still ours. */
void listeners_close(struct listeners *all);

#endif
