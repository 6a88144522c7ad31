/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <rte_memcpy.h>

#include "client/client_private.h"

int
shmx_get(struct shmx_ep *ep, shmx_addr_t src, void *dst, uint64_t len, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_get *get;

	if (unlikely(ep == NULL || dst == NULL || len == 0 || len > SHMX_LEN_MAX))
		return -EINVAL;
	s = client_route(ep, src);
	if (unlikely(s == NULL))
		return -ENOTCONN;
	if (client_in_parts(s, len))
		return bulk_start(ep, WIRE_OP_GET, &(struct shmx_vec){src, dst, len}, 1, 0, cookie);
	get = (struct wire_get *)client_request(ep, s, WIRE_OP_GET, sizeof(*get), (uint32_t)len,
		OP_GET, dst, (uint32_t)len, CLIENT_NONE, cookie);
	if (unlikely(get == NULL))
		return -EAGAIN;
	get->addr = rte_cpu_to_be_64(src);
	return 0;
}

/* Long ones stay where they are until the frame leaves. */
struct wire_record *
client_put(struct shmx_ep *ep, struct rdp_session *s, const void *src, uint32_t len, uint16_t bulk,
	uint64_t cookie)
{
	uint32_t size = sizeof(struct wire_put);
	struct wire_record *rec;

	if (len <= SHMX_INLINE_MAX || len % 8 != 0 || !rdp_lendable(s, len)) {
		rec = client_request(ep, s, WIRE_OP_PUT, size + wire_pad(len), len, OP_STATUS, NULL,
			0, bulk, cookie);
		if (likely(rec != NULL)) {
			wire_pad_clear((struct wire_put *)rec + 1, len);
			rte_memcpy((struct wire_put *)rec + 1, src, len);
		}
		return rec;
	}
	if (unlikely(!client_may_start(ep, s, bulk)))
		return NULL;
	rec = (struct wire_record *)rdp_request_lend(s, size, src, len);
	if (likely(rec != NULL))
		client_start(ep, s, rec, WIRE_OP_PUT, len, OP_STATUS, (void *)(uintptr_t)src, len,
			bulk, cookie);
	return rec;
}

int
shmx_put(struct shmx_ep *ep, shmx_addr_t dst, const void *src, uint64_t len, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_put *put;

	if (unlikely(ep == NULL || src == NULL || len == 0 || len > SHMX_LEN_MAX))
		return -EINVAL;
	s = client_route(ep, dst);
	if (unlikely(s == NULL))
		return -ENOTCONN;
	if (client_in_parts(s, len))
		return bulk_start(ep, WIRE_OP_PUT,
			&(struct shmx_vec){dst, (void *)(uintptr_t)src, len}, 1, 0, cookie);
	if (likely(len == sizeof(uint64_t))) {
		put = (struct wire_put *)client_request(ep, s, WIRE_OP_PUT,
			sizeof(*put) + sizeof(uint64_t), sizeof(uint64_t), OP_STATUS, NULL, 0,
			CLIENT_NONE, cookie);
		if (likely(put != NULL))
			memcpy(put + 1, src, sizeof(uint64_t));
	} else {
		put = (struct wire_put *)client_put(ep, s, src, (uint32_t)len, CLIENT_NONE, cookie);
	}
	if (unlikely(put == NULL))
		return -EAGAIN;
	put->addr = rte_cpu_to_be_64(dst);
	return 0;
}

int
shmx_getv(struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n, uint64_t cookie)
{
	return bulk_start(ep, WIRE_OP_GET, vec, n, 0, cookie);
}

int
shmx_putv(struct shmx_ep *ep, const struct shmx_vec *vec, unsigned int n, uint64_t cookie)
{
	return bulk_start(ep, WIRE_OP_PUT, vec, n, 0, cookie);
}

int
shmx_fill(struct shmx_ep *ep, shmx_addr_t dst, uint64_t len, uint64_t pattern, uint64_t cookie)
{
	/* The buffer is not used; any address passes the check that transfers make. */
	return bulk_start(ep, WIRE_OP_FILL, &(struct shmx_vec){dst, ep, len}, 1, pattern, cookie);
}

static const uint8_t atomic_wire[] = {
	[SHMX_FETCH_ADD] = WIRE_OP_FETCH_ADD,
	[SHMX_FETCH_AND] = WIRE_OP_FETCH_AND,
	[SHMX_FETCH_OR] = WIRE_OP_FETCH_OR,
	[SHMX_FETCH_XOR] = WIRE_OP_FETCH_XOR,
	[SHMX_SWAP] = WIRE_OP_SWAP,
	[SHMX_CAS] = WIRE_OP_CAS,
};

int
shmx_atomic(struct shmx_ep *ep, enum shmx_atomic_op op, shmx_addr_t addr, unsigned int width,
	uint64_t operand, uint64_t compare, uint64_t cookie)
{
	struct rdp_session *s;
	struct wire_record *rec;

	if (unlikely(ep == NULL || (unsigned int)op > SHMX_CAS || (width != 4 && width != 8) ||
		     (addr & (width - 1)) != 0))
		return -EINVAL;
	s = client_route(ep, addr);
	if (unlikely(s == NULL))
		return -ENOTCONN;
	rec = client_request(ep, s, atomic_wire[op],
		op == SHMX_CAS ? sizeof(struct wire_cas) : sizeof(struct wire_atomic), width,
		OP_VALUE, NULL, 0, CLIENT_NONE, cookie);
	if (unlikely(rec == NULL))
		return -EAGAIN;
	if (op == SHMX_CAS) {
		struct wire_cas *cas = (struct wire_cas *)rec;

		cas->addr = rte_cpu_to_be_64(addr);
		cas->compare = rte_cpu_to_be_64(compare);
		cas->swap = rte_cpu_to_be_64(operand);
	} else {
		struct wire_atomic *atomic = (struct wire_atomic *)rec;

		atomic->addr = rte_cpu_to_be_64(addr);
		atomic->operand = rte_cpu_to_be_64(operand);
	}
	return 0;
}
