/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The shmx developers */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static void *
room(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL) {
		fprintf(stderr, "no memory for the model\n");
		exit(2);
	}
	return p;
}

void
model_create(struct model *m, uint32_t allocs)
{
	m->nb_allocs = allocs + 1;
	m->alloc = room(m->nb_allocs, sizeof(*m->alloc));
	m->live = room(m->nb_allocs, sizeof(*m->live));
	m->unused = room(m->nb_allocs, sizeof(*m->unused));
	m->cells_of = room(EVERYONE + 1, sizeof(*m->cells_of));
	for (uint32_t i = allocs; i > 0; i--)
		m->unused[m->nb_unused++] = i;
	for (uint32_t i = 0; i < POOLS; i++)
		m->pool[i].cell = room(m->pool[i].nb, sizeof(struct cell));
}

void
model_destroy(struct model *m)
{
	free(m->alloc);
	free(m->live);
	free(m->unused);
	free(m->cells_of);
	for (uint32_t i = 0; i < POOLS; i++)
		free(m->pool[i].cell);
}

/* ---- allocations ---------------------------------------------------------------------------- */

static void
own(struct model *m, struct cell *c, uint32_t owners)
{
	if (c->owners != 0 && --m->cells_of[c->owners] == 0)
		m->nb_sets--;
	if (owners != 0 && m->cells_of[owners]++ == 0)
		m->nb_sets++;
	c->owners = owners;
}

static void
cells_set(struct model *m, struct mpool *p, uint32_t g, uint32_t n, uint32_t alloc, uint32_t owners)
{
	for (struct cell *c = p->cell + g; c < p->cell + g + n; c++) {
		own(m, c, owners);
		c->alloc = alloc;
		c->version = 0;
	}
}

uint32_t
model_take(struct model *m, uint32_t pool, uint32_t g, uint32_t n, uint32_t owners, uint32_t name)
{
	struct mpool *p = &m->pool[pool];
	uint32_t i = m->unused[--m->nb_unused];

	m->alloc[i] = (struct alloc){pool, g, n, name, m->nb_live};
	m->live[m->nb_live++] = i;
	cells_set(m, p, g, n, i, owners);
	p->used += n;
	p->allocs++;
	p->names += name != 0;
	if (name != 0)
		p->named[name] = i;
	return i;
}

void
model_give(struct model *m, uint32_t alloc)
{
	struct alloc *a = &m->alloc[alloc];
	struct mpool *p = &m->pool[a->pool];
	uint32_t last = m->live[--m->nb_live];

	m->live[a->at] = last;
	m->alloc[last].at = a->at;
	cells_set(m, p, a->g, a->n, 0, 0);
	p->used -= a->n;
	p->allocs--;
	p->names -= a->name != 0;
	if (a->name != 0)
		p->named[a->name] = 0;
	m->unused[m->nb_unused++] = alloc;
}

void
model_resize(struct model *m, uint32_t alloc, uint32_t n)
{
	struct alloc *a = &m->alloc[alloc];
	struct mpool *p = &m->pool[a->pool];

	if (n > a->n)
		cells_set(m, p, a->g + a->n, n - a->n, alloc, p->cell[a->g + a->n - 1].owners);
	else
		cells_set(m, p, a->g + n, a->n - n, 0, 0);
	p->used += n - a->n;
	a->n = n;
}

/* ---- owners --------------------------------------------------------------------------------- */

int
model_access(const struct model *m, uint32_t pool, uint64_t off, uint64_t len, unsigned int node)
{
	const struct mpool *p = &m->pool[pool];
	uint64_t end = (off + len - 1) / p->granule;

	if (end >= p->nb)
		return -EFAULT;
	for (uint64_t g = off / p->granule; g <= end; g++)
		if ((p->cell[g].owners >> node & 1) == 0)
			return p->cell[g].alloc == 0 ? -ESTALE : -EPERM;
	return 0;
}

uint32_t
model_run(const struct mpool *p, uint32_t g, uint32_t n)
{
	uint32_t i = 1;

	while (i < n && g + i < p->nb && p->cell[g + i].owners == p->cell[g].owners)
		i++;
	return i;
}

uint32_t
model_common(const struct mpool *p, uint32_t g, uint32_t n)
{
	uint32_t owners = EVERYONE;

	for (uint32_t i = g; i < g + n; i++)
		owners &= p->cell[i].owners;
	return owners;
}

uint32_t
model_longest_free(const struct mpool *p)
{
	uint32_t longest = 0, run = 0;

	for (uint32_t g = 0; g < p->nb; g++) {
		run = p->cell[g].alloc == 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

uint32_t
model_after(const struct change *c, uint32_t owners)
{
	switch (c->how) {
	case HOW_ADD:
		return owners | c->nodes;
	case HOW_DROP:
		return owners & ~c->nodes;
	case HOW_EVERYONE:
		return EVERYONE;
	case HOW_SELF:
		return 1u << c->node;
	default:
		return c->nodes;
	}
}

static bool
known(const uint32_t *sets, uint32_t n, uint32_t owners)
{
	while (n > 0 && sets[n - 1] != owners)
		n--;
	return n > 0;
}

static int
meet(const struct change *c, uint32_t owners, uint32_t nb_sets)
{
	bool each = c->how == HOW_ADD || c->how == HOW_DROP;

	if (each && nb_sets == SETS_MAX)
		return -EMSGSIZE;
	if (c->how == HOW_MOVE && owners != c->from)
		return -EPERM;
	return model_after(c, owners) == 0 ? -EINVAL : 0;
}

int
model_foresee(const struct model *m, const struct change *c, uint32_t *fresh, bool *orphans)
{
	const struct mpool *p = &m->pool[c->pool];
	uint32_t sets[SETS_MAX], n = 0, runs = 0, g, owners;
	int ret = model_access(
		m, c->pool, (uint64_t)c->g * p->granule, (uint64_t)c->n * p->granule, c->node);

	*fresh = 0;
	*orphans = false;
	for (g = c->g; g < c->g + c->n && ret == 0; g += model_run(p, g, c->g + c->n - g)) {
		owners = p->cell[g].owners;
		if (++runs > RUNS_MAX && (c->how == HOW_ADD || c->how == HOW_DROP))
			return -EMSGSIZE;
		if (known(sets, n, owners))
			continue;
		ret = meet(c, owners, n);
		if (n < SETS_MAX)
			sets[n++] = owners;
		*fresh += m->cells_of[model_after(c, owners)] == 0;
		*orphans |= (model_after(c, owners) & OURS) == 0;
	}
	return ret;
}

void
model_change(struct model *m, const struct change *c)
{
	struct cell *cell = m->pool[c->pool].cell;

	for (uint32_t g = c->g; g < c->g + c->n; g++)
		own(m, &cell[g], model_after(c, cell[g].owners));
}

#define NODE_MAX 1023

uint32_t
model_ids(const struct model *m, uint32_t owners, uint16_t *ids, uint32_t most)
{
	uint32_t n = 0, k = 0;

	for (uint16_t id = 1; id <= NODE_MAX; id++) {
		bool is_ours = k < NODES && m->id[k] == id;

		if ((owners >> (is_ours ? k : NODES) & 1) != 0 && n++ < most)
			ids[n - 1] = id;
		k += is_ours;
	}
	return n;
}

/* ---- contents ------------------------------------------------------------------------------- */

void
model_make(const struct mpool *p, uint32_t g, uint32_t version, uint8_t *to)
{
	uint64_t word = ((uint64_t)version << 32 | g) * UINT64_C(0x9e3779b97f4a7c15) + p->id;

	if (version == 0) {
		memset(to, 0, p->granule);
		return;
	}
	for (uint32_t i = 0; i < p->granule; i += 8) {
		word = (word ^ word >> 29) * UINT64_C(0xbf58476d1ce4e5b9) + i;
		memcpy(to + i, &word, 8);
	}
}

void
model_contents(const struct model *m, uint32_t pool, uint32_t g, uint8_t *to)
{
	model_make(&m->pool[pool], g, m->pool[pool].cell[g].version, to);
}

void
model_name(uint32_t name, char text[16])
{
	snprintf(text, 16, "name%u", name);
}

/* ---- to another process --------------------------------------------------------------------- */

int
model_save(const struct model *m, const char *path)
{
	FILE *f = fopen(path, "wb");
	size_t done;

	if (f == NULL)
		return -errno;
	done = fwrite(m, sizeof(*m), 1, f);
	done += fwrite(m->alloc, sizeof(*m->alloc), m->nb_allocs, f);
	done += fwrite(m->live, sizeof(*m->live), m->nb_allocs, f);
	for (uint32_t i = 0; i < POOLS; i++)
		done += fwrite(m->pool[i].cell, sizeof(struct cell), m->pool[i].nb, f);
	done = done == 1 + 2 * (size_t)m->nb_allocs + m->pool[0].nb + m->pool[1].nb +
	                       m->pool[2].nb + m->pool[3].nb;
	return fclose(f) == 0 && done == 1 ? 0 : -EIO;
}

static bool
load_tables(struct model *m, FILE *f)
{
	bool good = fread(m->alloc, sizeof(*m->alloc), m->nb_allocs, f) == m->nb_allocs;

	good &= fread(m->live, sizeof(*m->live), m->nb_allocs, f) == m->nb_allocs;
	for (uint32_t i = 0; i < POOLS && good; i++)
		good = fread(m->pool[i].cell, sizeof(struct cell), m->pool[i].nb, f) ==
		       m->pool[i].nb;
	return good;
}

int
model_load(struct model *m, const char *path)
{
	FILE *f = fopen(path, "rb");
	bool good;

	if (f == NULL)
		return -errno;
	good = fread(m, sizeof(*m), 1, f) == 1;
	if (good) {
		m->alloc = room(m->nb_allocs, sizeof(*m->alloc));
		m->live = room(m->nb_allocs, sizeof(*m->live));
		m->unused = NULL;
		m->cells_of = NULL;
		for (uint32_t i = 0; i < POOLS; i++)
			m->pool[i].cell = room(m->pool[i].nb, sizeof(struct cell));
		good = load_tables(m, f);
	}
	fclose(f);
	return good ? 0 : -EIO;
}
