// SPDX-License-Identifier: GPL-2.0-or-later
/* The deputy's socket for monitors; see deputy/monitor.h for the theory of operation. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "deputy/deputy.h"
#include "deputy/monitor.h"
#include "report.h"
#include "rundir.h"

#define REQUEST_LEN (sizeof(REPORT_REQUEST) - 1)

/**
 * struct client - A client, or a place for one
 * @monitor:	The monitor
 * @pipe:	The connection
 * @deadline:	When it is dropped
 * @write:	The report on its way
 * @report:	It
 * @request:	What it has sent; there is no room for more than it may send
 * @request_len: Number of bytes of that
 * @handles:	Open handles of the loop; 0 = the place is free
 */
struct client {
	struct monitor *monitor;
	uv_pipe_t pipe;
	uv_timer_t deadline;
	uv_write_t write;
	char *report;
	char request[REQUEST_LEN];
	size_t request_len;
	unsigned int handles;
};

/**
 * struct monitor - The socket
 * @deputy:	Whose it is; NULL: closed
 * @listener:	It
 * @listening:	The loop has it
 * @dir:	The runtime directory
 * @name:	Its name there
 * @waiting:	The loop has taken a connection for which there was no place
 * @client:	Places for clients
 */
struct monitor {
	struct deputy *deputy;
	uv_pipe_t listener;
	bool listening;
	int dir;
	char name[32];
	bool waiting;
	struct client client[MONITOR_CLIENTS_MAX];
};

static void client_accept(struct monitor *monitor);

/**
 * monitor_put() - Free the monitor if the loop has let go of all its handles
 * @monitor:	The monitor
 */
static void monitor_put(struct monitor *monitor)
{
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		if (monitor->client[i].handles)
			return;
	}
	if (!monitor->listening)
		free(monitor);
}

/**
 * on_listener_closed() - The loop has let go of the listener
 * @handle:	The listener
 */
static void on_listener_closed(uv_handle_t *handle)
{
	struct monitor *monitor = handle->data;

	monitor->listening = false;
	monitor_put(monitor);
}

/**
 * on_client_closed() - The loop has let go of one of a client's handles
 * @handle:	The handle
 */
static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct monitor *monitor = client->monitor;

	if (--client->handles)
		return;
	free(client->report);
	client->report = NULL;
	if (!monitor->deputy)
		monitor_put(monitor);
	else if (monitor->waiting)
		client_accept(monitor);
}

/**
 * client_close() - Be done with a client
 * @client:	The client
 */
static void client_close(struct client *client)
{
	if (uv_is_closing((uv_handle_t *)&client->pipe))
		return;
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
	uv_close((uv_handle_t *)&client->deadline, on_client_closed);
}

/**
 * on_deadline() - A client has taken too long
 * @timer:	Its deadline
 */
static void on_deadline(uv_timer_t *timer)
{
	client_close(timer->data);
}

/**
 * on_written() - A client has its report, or is gone
 * @write:	The request
 * @status:	0 or why not
 */
static void on_written(uv_write_t *write, int status)
{
	(void)status;
	client_close(write->data);
}

/**
 * on_room() - Where to put what a client sends
 * @handle:	The connection
 * @size:	A suggestion
 * @buf:	The room; when there is none left the loop says UV_ENOBUFS to on_read()
 */
static void on_room(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
	struct client *client = handle->data;

	(void)size;
	*buf = uv_buf_init(client->request + client->request_len, (unsigned int)(REQUEST_LEN - client->request_len));
}

/**
 * on_read() - A client says what it wants, or has gone
 * @stream:	The connection
 * @n:		Bytes that came, or negative errno
 * @buf:	Where they are
 */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *client = stream->data;
	size_t len;
	uv_buf_t out;

	(void)buf;
	if (n < 0) {
		client_close(client);
		return;
	}
	client->request_len += (size_t)n;
	if (memcmp(client->request, REPORT_REQUEST, client->request_len) != 0) {
		client_close(client);
		return;
	}
	if (client->request_len < REQUEST_LEN)
		return;
	uv_read_stop(stream);
	client->report = monitor_report(client->monitor->deputy, &len);
	if (!client->report) {
		client_close(client);
		return;
	}
	/* That it took us our time is not the client's fault */
	uv_update_time(stream->loop);
	uv_timer_start(&client->deadline, on_deadline, MONITOR_CLIENT_MS, 0);
	out = uv_buf_init(client->report, (unsigned int)len);
	client->write.data = client;
	if (uv_write(&client->write, stream, &out, 1, on_written) < 0)
		client_close(client);
}

/**
 * client_allowed() - Is it a process of our user, or of root?
 * @client:	The client
 */
static bool client_allowed(const struct client *client)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)&client->pipe, &fd) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == geteuid() || peer.uid == 0;
}

/**
 * client_accept() - Take the connection that the loop has for us, if there is a place
 * @monitor:	The monitor
 */
static void client_accept(struct monitor *monitor)
{
	uv_loop_t *loop = &monitor->deputy->loop;
	struct client *client = monitor->client;

	while (client < monitor->client + MONITOR_CLIENTS_MAX && client->handles)
		client++;
	monitor->waiting = client == monitor->client + MONITOR_CLIENTS_MAX;
	if (monitor->waiting)
		return;
	client->monitor = monitor;
	client->request_len = 0;
	client->handles = 2;
	uv_pipe_init(loop, &client->pipe, 0);
	uv_timer_init(loop, &client->deadline);
	client->pipe.data = client->deadline.data = client;
	uv_timer_start(&client->deadline, on_deadline, MONITOR_CLIENT_MS, 0);
	if (uv_accept((uv_stream_t *)&monitor->listener, (uv_stream_t *)&client->pipe) < 0 || !client_allowed(client) ||
	    uv_read_start((uv_stream_t *)&client->pipe, on_room, on_read) < 0)
		client_close(client);
}

/**
 * on_connection() - The loop has taken a connection
 * @stream:	The listener
 * @status:	0 or why it has not
 */
static void on_connection(uv_stream_t *stream, int status)
{
	if (!status)
		client_accept(stream->data);
}

/**
 * socket_bind() - Make the socket, with a name that nobody looks for yet
 * @dir:	The runtime directory
 * @name:	The name
 *
 * Return: the socket or negative errno.
 */
static int socket_bind(int dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	/* By way of the directory's descriptor: the path may be longer than an address */
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir, name);
	unlinkat(dir, name, 0); /* of a deputy with our pid that did not get as far as to rename it */
	/* A socket's file has the mode that the socket has */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/**
 * monitor_listen() - Make the socket, let the loop listen on it, and give it its name
 * @monitor:	The monitor, its directory open
 *
 * Return: 0 or negative errno. The listener is the loop's in any case.
 */
static int monitor_listen(struct monitor *monitor)
{
	char early[sizeof(monitor->name) + 1];
	int fd, err;

	snprintf(early, sizeof(early), ".%s", monitor->name);
	fd = socket_bind(monitor->dir, early);
	if (fd < 0)
		return fd;
	err = uv_pipe_open(&monitor->listener, fd);
	if (err) {
		close(fd);
		goto unlink;
	}
	err = uv_listen((uv_stream_t *)&monitor->listener, MONITOR_BACKLOG, on_connection);
	if (err)
		goto unlink;
	if (renameat(monitor->dir, early, monitor->dir, monitor->name) < 0) {
		err = -errno;
		goto unlink;
	}
	return 0;

unlink:
	unlinkat(monitor->dir, early, 0);
	return err;
}

/**
 * nobody_listens() - Is a socket's deputy dead?
 * @dir:	The runtime directory
 * @name:	The socket
 */
static bool nobody_listens(int dir, const char *name)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool dead;

	if (fd < 0)
		return false;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%.64s", dir, name);
	dead = connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

/**
 * stale_remove() - Remove the sockets of deputies that were killed
 * @path:	The runtime directory
 */
static void stale_remove(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int pid, end;

	while (dir && (entry = readdir(dir))) {
		end = 0;
		sscanf(entry->d_name, REPORT_SOCKET_PREFIX "%d" REPORT_SOCKET_SUFFIX "%n", &pid, &end);
		if (end && !entry->d_name[end] && nobody_listens(dirfd(dir), entry->d_name))
			unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

struct monitor *monitor_open(struct deputy *d)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	char path[PATH_MAX];
	int err;

	if (!monitor)
		return NULL;
	err = rundir_path(path, sizeof(path));
	if (err)
		goto free;
	monitor->dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (monitor->dir < 0) {
		err = -errno;
		goto free;
	}
	stale_remove(path);
	monitor->deputy = d;
	snprintf(monitor->name, sizeof(monitor->name), REPORT_SOCKET_PREFIX "%d" REPORT_SOCKET_SUFFIX, (int)getpid());
	err = uv_pipe_init(&d->loop, &monitor->listener, 0);
	if (err)
		goto close_dir;
	monitor->listener.data = monitor;
	monitor->listening = true;
	err = monitor_listen(monitor);
	if (err) {
		monitor_close(monitor);
		errno = -err;
		return NULL;
	}
	return monitor;

close_dir:
	close(monitor->dir);
free:
	free(monitor);
	errno = -err;
	return NULL;
}

void monitor_close(struct monitor *monitor)
{
	if (!monitor)
		return;
	unlinkat(monitor->dir, monitor->name, 0);
	close(monitor->dir);
	monitor->deputy = NULL;
	for (size_t i = 0; i < MONITOR_CLIENTS_MAX; i++) {
		if (monitor->client[i].handles)
			client_close(&monitor->client[i]);
	}
	uv_close((uv_handle_t *)&monitor->listener, on_listener_closed);
}
