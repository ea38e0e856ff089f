/* SPDX-License-Identifier: MIT */
/* scu.h - associations that the agent requests from an archive, one after another. */
#ifndef ARCHIVE_SCU_H
#define ARCHIVE_SCU_H

#include "base/clock.h"
#include "dicom/pdu.h"

enum { SCU_PDU_MAX = 65536 }; /* bytes of the largest PDU that is read */

enum scu_result {
	SCU_ACCEPTED,
	SCU_REFUSED, /* aborted, closed, or rejected for what may be the size of the RQ */
	SCU_BUSY,    /* rejected for now (PS3.8 9.3.4, result 2) */
	SCU_FAILED   /* anything else */
};

struct scu {
	struct addrinfo *addresses, *at; /* of the archive; the one to try first */
	struct deadline whole, step;
	unsigned step_ms, whole_ms;
	int fd;           /* -1: not connected */
	char error[256];  /* why the last call failed, in words */
	size_t from, len; /* of <bytes>: what is not parsed yet begins, ends */
	uint8_t bytes[SCU_PDU_MAX];
};

/* Prepare associations at HOST:PORT or [IPv6]:PORT: each step of one may take <step_ms>,
 * all of them <whole_ms>.  <stop> may be NULL; once it is true every call fails within
 * DEADLINE_SLICE_MS.  False with scu->error filled in; scu_close() in either case.
 */
bool scu_open(struct scu *scu, const char *address, unsigned step_ms, unsigned whole_ms,
	      const atomic_bool *stop) MUST_CHECK;

/* Connect, send the A-ASSOCIATE-RQ and await the answer.  If it is not SCU_ACCEPTED,
 * scu->error says why and the connection is closed.  The slices of <ac> are good until
 * the next call.
 */
enum scu_result scu_associate(struct scu *scu, struct slice rq, struct pdu_associate *ac);

/* Release the association (PS3.8 7.2) and close the connection.  An archive that closes
 * or aborts instead has ended it too; false if it does not answer.
 */
bool scu_release(struct scu *scu) MUST_CHECK;

/* Wait for <ms>.  False with scu->error filled in if <whole_ms> are over or it was
 * stopped.
 */
bool scu_pause(struct scu *scu, unsigned ms) MUST_CHECK;

void scu_close(struct scu *scu);

#endif
