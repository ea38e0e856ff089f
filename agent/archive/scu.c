/* SPDX-License-Identifier: MIT */
/* PS3.8 sections 7.1, 7.2 and 9.3, as the requestor of associations */
#include "archive/scu.h"
#include "net/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum received { RECEIVED_PDU, RECEIVED_END, RECEIVED_NOTHING };

__attribute__((format(printf, 2, 3))) static bool fail(struct scu *s, const char *format,
						       ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->error, sizeof(s->error), format, args);
	va_end(args);
	return false;
}

/*** time ***/

static void begin_step(struct scu *s)
{
	s->step.at = clock_monotonic_ms() + s->step_ms;
	if (s->step.at > s->whole.at)
		s->step.at = s->whole.at;
}

/* Fail because of the time: stopped, <whole> is over, or <what> within the step. */
static bool fail_late(struct scu *s, const char *what)
{
	if (deadline_stopped(&s->whole))
		return fail(s, "stopped");
	if (clock_monotonic_ms() >= s->whole.at)
		return fail(s, "all of it takes longer than %u s", s->whole_ms / 1000);
	return fail(s, "%s within %u ms", what, s->step_ms);
}

bool scu_pause(struct scu *s, unsigned ms)
{
	struct deadline end = deadline_in(ms, s->whole.stop);
	int slice;

	while ((slice = deadline_slice(&end)) > 0)
		poll(NULL, 0, slice);
	return deadline_slice(&s->whole) > 0 || fail_late(s, "");
}

/*** connection ***/

bool scu_open(struct scu *s, const char *address, unsigned step_ms, unsigned whole_ms,
	      const atomic_bool *stop)
{
	struct endpoint e;
	const char *why = NULL;

	s->fd = -1;
	s->addresses = NULL;
	s->step_ms = step_ms;
	s->whole_ms = whole_ms;
	s->whole = s->step = deadline_in(whole_ms, stop);
	if (!endpoint_parse(address, &e) || e.host[0] == '\0')
		return fail(s, "expected HOST:PORT or [IPv6]:PORT");
	begin_step(s);
	s->at = s->addresses = endpoint_resolve(&e, &s->step, &why);
	return s->addresses || fail(s, "%s: %s", e.host, why);
}

static void disconnect(struct scu *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void scu_close(struct scu *s)
{
	disconnect(s);
	if (s->addresses)
		freeaddrinfo(s->addresses);
	s->addresses = NULL;
}

static bool connect_to(struct scu *s, const struct addrinfo *ai)
{
	begin_step(s);
	s->fd = endpoint_connect(ai, &s->step);
	if (s->fd >= 0) {
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		return true;
	}
	if (errno == ETIMEDOUT && deadline_slice(&s->step) == 0)
		return fail_late(s, "no connection");
	return fail(s, "cannot connect: %s", strerror(errno));
}

/* Begins with the address that has worked last time. */
static bool connect_any(struct scu *s)
{
	for (; s->at; s->at = s->at->ai_next)
		if (connect_to(s, s->at))
			return true;
	s->at = s->addresses;
	return false;
}

static enum received send_all(struct scu *s, struct slice data, const char *late)
{
	while (data.len > 0) {
		ssize_t n = send(s->fd, data.ptr, data.len, MSG_NOSIGNAL);

		if (n >= 0) {
			data = slice_of(data.ptr + n, data.len - (size_t)n);
		} else if (errno != EAGAIN && errno != EINTR) {
			return RECEIVED_END;
		} else if (!endpoint_wait(s->fd, POLLOUT, &s->step)) {
			fail_late(s, late);
			return RECEIVED_NOTHING;
		}
	}
	return RECEIVED_PDU;
}

static enum received receive(struct scu *s, const char *late)
{
	ssize_t n;

	do {
		if (!endpoint_wait(s->fd, POLLIN, &s->step)) {
			fail_late(s, late);
			return RECEIVED_NOTHING;
		}
		n = recv(s->fd, s->bytes + s->len, sizeof(s->bytes) - s->len, 0);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n <= 0)
		return RECEIVED_END;
	s->len += (size_t)n;
	return RECEIVED_PDU;
}

static bool is_plausible(struct scu *s, const struct pdu *pdu)
{
	const uint8_t *b = s->bytes + s->from;

	if (pdu->type < PDU_ASSOCIATE_RQ || pdu->type > PDU_ABORT)
		return fail(s, "sends no PDU of DICOM: %02x %02x %02x %02x %02x %02x",
			    b[0], b[1], b[2], b[3], b[4], b[5]);
	if (pdu->length > sizeof(s->bytes) - s->from - PDU_HEADER)
		return fail(s, "announces a PDU of %lu bytes",
			    (unsigned long)pdu->length);
	return true;
}

/* The next PDU; RECEIVED_NOTHING with the error filled in if it is none, or late. */
static enum received receive_pdu(struct scu *s, struct pdu *pdu, const char *late)
{
	enum received got;

	for (;;) {
		struct slice here = slice_of(s->bytes + s->from, s->len - s->from);
		struct reader stream = reader_of(here, true);

		if (pdu_next(&stream, pdu)) {
			if (!is_plausible(s, pdu))
				return RECEIVED_NOTHING;
			if (!pdu->body.cut) {
				s->from += PDU_HEADER + pdu->length;
				return RECEIVED_PDU;
			}
		}
		got = receive(s, late);
		if (got != RECEIVED_PDU)
			return got;
	}
}

/* Send an A-ABORT if that is possible without waiting. */
static void abort_association(struct scu *s)
{
	uint8_t bytes[PDU_ABORT_SIZE];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pdu_write_abort(&w, PDU_ABORT_NOT_SPECIFIED);
	if (send(s->fd, bytes, w.len, MSG_NOSIGNAL) < 0)
		return; /* it is closed next */
}

/*** association ***/

static enum scu_result rejected(struct scu *s, struct reader body)
{
	struct rejection why;

	reader_bytes(&body, 1);
	why.result = reader_u8(&body);
	why.source = reader_u8(&body);
	why.reason = reader_u8(&body);
	if (body.state != READ_OK) {
		fail(s, "sends an A-ASSOCIATE-RJ that is too short");
		return SCU_FAILED;
	}
	fail(s, "rejects the association%s: %s (%u/%u/%u)",
	     why.result == REJECTION_TRANSIENT ? " for now" : "", rejection_words(&why),
	     why.result, why.source, why.reason);
	if (why.result == REJECTION_TRANSIENT)
		return SCU_BUSY;
	if (why.reason == 1 || (why.source == 3 && why.reason == 2))
		return SCU_REFUSED;
	return SCU_FAILED;
}

static enum scu_result aborted(struct scu *s, struct reader body)
{
	uint8_t source, reason;

	reader_bytes(&body, 2);
	source = reader_u8(&body);
	reason = reader_u8(&body);
	fail(s, "aborts the association (source %u, reason %u)", source, reason);
	return SCU_REFUSED;
}

static enum scu_result closed(struct scu *s)
{
	fail(s, "closes the connection instead of answering the A-ASSOCIATE-RQ");
	return SCU_REFUSED;
}

static enum scu_result read_answer(struct scu *s, const struct pdu *pdu,
				   struct pdu_associate *ac)
{
	switch (pdu->type) {
	case PDU_ASSOCIATE_AC:
		if (pdu_parse_associate(pdu->body, PDU_ASSOCIATE_AC, ac) == READ_OK)
			return SCU_ACCEPTED;
		fail(s, "sends an A-ASSOCIATE-AC that cannot be read: %s", ac->error);
		break;
	case PDU_ASSOCIATE_RJ:
		return rejected(s, pdu->body);
	case PDU_ABORT:
		return aborted(s, pdu->body);
	default:
		fail(s, "answers the A-ASSOCIATE-RQ with a PDU of type %02x", pdu->type);
	}
	abort_association(s);
	return SCU_FAILED;
}

static enum scu_result ask(struct scu *s, struct slice rq, struct pdu_associate *ac)
{
	struct pdu pdu;
	enum received got;

	s->from = s->len = 0;
	begin_step(s);
	got = send_all(s, rq, "does not take the A-ASSOCIATE-RQ");
	if (got == RECEIVED_PDU) {
		begin_step(s);
		got = receive_pdu(s, &pdu, "does not answer the A-ASSOCIATE-RQ");
	}
	if (got == RECEIVED_PDU)
		return read_answer(s, &pdu, ac);
	if (got == RECEIVED_END)
		return closed(s);
	abort_association(s);
	return SCU_FAILED;
}

enum scu_result scu_associate(struct scu *s, struct slice rq, struct pdu_associate *ac)
{
	enum scu_result result = SCU_FAILED;

	if (connect_any(s))
		result = ask(s, rq, ac);
	if (result != SCU_ACCEPTED)
		disconnect(s);
	return result;
}

static enum received send_release(struct scu *s, enum pdu_type type)
{
	uint8_t bytes[PDU_ABORT_SIZE];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pdu_write_release(&w, type);
	return send_all(s, writer_slice(&w), "does not take the A-RELEASE-RQ");
}

/* Until the A-RELEASE-RP: a P-DATA-TF may still come (Sta7), and the archive may release
 * too (Sta8 to Sta12).
 */
static enum received release(struct scu *s)
{
	enum received got = send_release(s, PDU_RELEASE_RQ);
	struct pdu pdu;

	while (got == RECEIVED_PDU) {
		memmove(s->bytes, s->bytes + s->from, s->len - s->from);
		s->len -= s->from;
		s->from = 0;
		got = receive_pdu(s, &pdu, "does not answer the A-RELEASE-RQ");
		if (got != RECEIVED_PDU || pdu.type == PDU_RELEASE_RP ||
		    pdu.type == PDU_ABORT)
			break;
		if (pdu.type == PDU_RELEASE_RQ)
			got = send_release(s, PDU_RELEASE_RP);
	}
	return got;
}

bool scu_release(struct scu *s)
{
	enum received got;

	begin_step(s);
	got = release(s);
	if (got == RECEIVED_NOTHING)
		abort_association(s);
	disconnect(s);
	return got != RECEIVED_NOTHING;
}
