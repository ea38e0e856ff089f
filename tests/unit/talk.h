/* SPDX-License-Identifier: MIT */
/* talk.h - an association with a policy of its own, message by message. */
#ifndef TALK_H
#define TALK_H

#include "ask.h"
#include "edge.h"
#include "policy_of.h"
#include "quoted.h"
#include "sample.h"

#define CT            "30 00 ['1.2.840.10008.5.1.4.1.1.2']"
#define ECHO          "30 00 ['1.2.840.10008.1.1']"
#define FIND          "30 00 ['1.2.840.10008.5.1.4.1.2.2.1']"
#define EXPLICIT      "40 00 ['1.2.840.10008.1.2.1']"
#define IMPLICIT      "40 00 ['1.2.840.10008.1.2']"
#define STORE_CONTEXT "20 00 [01 00 00 00" CT EXPLICIT IMPLICIT "]"
#define ECHO_CONTEXT  "20 00 [03 00 00 00" ECHO IMPLICIT "]"
#define FIND_CONTEXT  "20 00 [01 00 00 00" FIND EXPLICIT "]"
#define STORE_RQ                                                                         \
	"0000 0200 <'1.2.840.10008.5.1.4.1.1.2' 00> 0000 0001 <0100>"                    \
	"0000 1001 <0700> 0000 0007 <0000> 0000 0008 <0100> 0000 0010 <'1.2.3.4' 00>"
#define ECHO_RQ                                                                          \
	"0000 0200 <'1.2.840.10008.1.1' 00> 0000 0001 <3000> 0000 1001 <0100>"           \
	"0000 0008 <0101>"
#define STORE(elements) "04 00 {{01 03" STORE_RQ "}} 04 00 {{01 02" elements "}}"

struct talk {
	struct policy_store *policies;
	struct decide *d;
	struct told told; /* what HAProxy says with each message; ac, policy, began and
			     accepted are filled in */
	struct heard heard;
	struct writer stream;
	uint8_t bytes[1 << 17], ac[4096];
	char policy[32];
};

static inline void talk_begin(struct talk *t, const char *json)
{
	memset(t, 0, offsetof(struct talk, heard));
	t->policies = policy_store_of(quoted(json));
	t->d = decide_new(t->policies);
	if (!t->d)
		abort();
}

static inline void talk_end(struct talk *t)
{
	decide_free(t->d);
	policy_store_free(t->policies);
}

static inline struct heard *talk_ask(struct talk *t, const char *message, size_t len)
{
	t->told.rq = edge(slice_of(t->bytes, len));
	ask_told(t->d, message, &t->told, &t->heard);
	return &t->heard;
}

/* A new association; an AC is remembered, as are policy and time. */
static inline struct heard *talk_associate(struct talk *t, const char *contexts,
					   const char *user_items)
{
	char text[2048];
	struct heard *h;

	snprintf(text, sizeof(text),
		 "01 00 {0001 0000 'ARCHIVE         ' 'CT_SCANNER_1    ' 00*32"
		 " 10 00 ['1.2.840.10008.3.1.1.1'] %s 50 00 [51 00 [00004000] 52 00 "
		 "['1.2.3.4']"
		 " %s]}",
		 contexts, user_items);
	t->stream = writer_of(t->bytes, sizeof(t->bytes));
	sample_write(&t->stream, text);
	t->told.ac = t->told.policy = (struct slice){0};
	h = talk_ask(t, "associate", t->stream.len);
	memcpy(t->ac, h->reply.ptr ? h->reply.ptr : t->ac, h->reply.len);
	memcpy(t->policy, h->policy.ptr, h->policy.len);
	t->told.ac = slice_of(t->ac, h->reply.len);
	t->told.policy = slice_of(t->policy, h->policy.len);
	t->told.began = h->began;
	t->told.accepted = h->accepted > 0 ? h->accepted : 0;
	return h;
}

/* The SCU sends this, and HAProxy asks with all of it. */
static inline struct heard *talk_send(struct talk *t, const char *text)
{
	sample_write(&t->stream, text);
	return talk_ask(t, "dataset", t->stream.len);
}

/* A policy with one rule, to the pool "yes"; what does not match goes to "no". */
#define YES_IF(condition)                                                                \
	"{'rules': [{'name': 'r', 'if': {" condition "}, 'backend': 'yes'}],"            \
	" 'default': {'backend': 'no'}}"

#endif
