/* SPDX-License-Identifier: MIT */
#include "net/listener.h"
#include "net/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static const char unix_prefix[] = "unix@";

__attribute__((format(printf, 2, 3))) static bool fail(struct listener_error *error,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return false;
}

/* The next unused listener of <all>; NULL if there is none. */
static struct listener *claim(struct listeners *all)
{
	struct listener *l = &all->items[all->count];

	if (all->count == LISTENER_MAX)
		return NULL;
	*l = (struct listener){.fd = -1};
	return l;
}

static bool set_flag(int fd, int level, int option)
{
	return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/*** TCP ***/

/* The address that was really bound, which matters for port 0. */
static void name_tcp(struct listener *l)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	char host[64] = "?", port[8] = "?";
	bool v6;

	if (getsockname(l->fd, (struct sockaddr *)&bound, &len) == 0)
		getnameinfo((struct sockaddr *)&bound, len, host, sizeof(host), port,
			    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	v6 = strchr(host, ':') != NULL;
	snprintf(l->name, sizeof(l->name), v6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* SO_REUSEPORT lets a new agent start beside the one that it replaces. */
static bool bind_tcp(struct listener *l, const struct addrinfo *ai, bool alone)
{
	int saved;

	l->fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       ai->ai_protocol);
	if (l->fd < 0)
		return false;
	if (set_flag(l->fd, SOL_SOCKET, SO_REUSEADDR) &&
	    (alone || set_flag(l->fd, SOL_SOCKET, SO_REUSEPORT)) &&
	    (ai->ai_family != AF_INET6 || set_flag(l->fd, IPPROTO_IPV6, IPV6_V6ONLY)) &&
	    bind(l->fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(l->fd, BACKLOG) == 0)
		return true;
	saved = errno;
	close(l->fd);
	errno = saved;
	return false;
}

/* Listen on each of <found>.  Returns 0, or the errno of what went wrong; a kernel
 * without IPv6, or without an IPv6 address, is no error if another address works.
 */
static int listen_on(struct listeners *all, const struct addrinfo *found)
{
	size_t before = all->count;
	int error = 0;

	for (const struct addrinfo *ai = found; ai; ai = ai->ai_next) {
		struct listener *l = claim(all);

		if (!l)
			return ENOSPC;
		if (bind_tcp(l, ai, all->alone)) {
			name_tcp(l);
			all->count++;
			continue;
		}
		error = errno;
		if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL)
			return error;
	}
	return all->count > before ? 0 : error;
}

static bool open_tcp(struct listeners *all, const char *address,
		     struct listener_error *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found;
	struct endpoint e;
	int rc;

	if (!endpoint_parse(address, &e))
		return fail(error, "%s: expected HOST:PORT, [IPv6]:PORT or unix@/path",
			    address);
	rc = getaddrinfo(e.host[0] && strcmp(e.host, "*") != 0 ? e.host : NULL, e.port,
			 &hints, &found);
	if (rc != 0)
		return fail(error, "%s: %s", address, gai_strerror(rc));
	rc = listen_on(all, found);
	freeaddrinfo(found);
	if (rc != 0)
		return fail(error, "%s: cannot listen: %s", address, strerror(rc));
	return true;
}

/*** UNIX sockets ***/

static bool is_socket(const char *path, struct stat *st)
{
	return lstat(path, st) == 0 && S_ISSOCK(st->st_mode);
}

/* Listen at <path>, where no file may be. */
static bool bind_unix(struct listener *l, const char *path,
		      const struct listener_owner *owner)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	memcpy(sun.sun_path, path, strlen(path));
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return false;
	return bind(l->fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 &&
	       chown(path, owner->uid, owner->gid) == 0 &&
	       chmod(path, owner->mode) == 0 && listen(l->fd, BACKLOG) == 0;
}

/* The socket is made beside its place and renamed into it: a client finds
 * the old agent or the new one, and the file of an agent that has crashed is replaced.
 */
static bool open_unix(struct listeners *all, const char *path,
		      const struct listener_owner *owner, struct listener_error *error)
{
	struct listener *l = claim(all);
	char aside[sizeof(l->path)];
	struct stat st;
	int len, saved;

	if (!l)
		return fail(error, "%s: too many addresses", path);
	len = snprintf(aside, sizeof(aside), "%s.%ld", path, (long)getpid());
	if (path[0] != '/' || len < 0 || (size_t)len >= sizeof(aside))
		return fail(error, "%s: expected an absolute path of less than %zu bytes",
			    path, sizeof(aside) - 12);
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return fail(error, "%s: is there and is not a socket", path);
	if (is_socket(aside, &st))
		unlink(aside);
	if (!bind_unix(l, aside, owner) || !is_socket(aside, &st) ||
	    rename(aside, path) != 0) {
		saved = errno;
		if (l->fd >= 0)
			close(l->fd);
		if (is_socket(aside, &st))
			unlink(aside);
		return fail(error, "%s: cannot listen: %s", path, strerror(saved));
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	snprintf(l->path, sizeof(l->path), "%s", path);
	snprintf(l->name, sizeof(l->name), "%s%s", unix_prefix, path);
	all->count++;
	return true;
}

bool listener_open(struct listeners *all, const char *address,
		   const struct listener_owner *owner, struct listener_error *error)
{
	size_t skip = strlen(unix_prefix);

	if (strncmp(address, unix_prefix, skip) == 0)
		return open_unix(all, address + skip, owner, error);
	return open_tcp(all, address, error);
}

void listeners_hide(struct listeners *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct listener *l = &all->items[i];
		struct stat st;

		/* A newer agent may have put its own socket there by now. */
		if (l->path[0] != '\0' && is_socket(l->path, &st) &&
		    st.st_dev == l->dev && st.st_ino == l->ino)
			unlink(l->path);
		l->path[0] = '\0';
	}
}

void listener_refuse(struct listener *l)
{
	shutdown(l->fd, SHUT_RDWR);
}

void listeners_close(struct listeners *all)
{
	listeners_hide(all);
	for (size_t i = 0; i < all->count; i++)
		close(all->items[i].fd);
	all->count = 0;
}
