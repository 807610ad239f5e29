/* SPDX-License-Identifier: BSD-2-Clause */
/* What ought to be on a volume: a sorted list of names, compared with a judge's. */
#pragma once
#include "lib/errors.h"
#include "tests/fs/fat_judge.h"

struct model {
	struct judged_node nodes[JUDGE_NODES];
	unsigned count;
};

static inline struct judged_node *model_find(struct model *m, const char *path)
{
	for (unsigned i = 0; i < m->count; i++)
		if (!strcasecmp(m->nodes[i].path, path))
			return &m->nodes[i];
	return NULL;
}

static inline void model_sort(struct model *m)
{
	qsort(m->nodes, m->count, sizeof m->nodes[0], judge_order);
}

static inline void model_remove(struct model *m, const char *path)
{
	struct judged_node *n = model_find(m, path);

	free(n->path);
	free(n->data);
	*n = m->nodes[--m->count];
	model_sort(m);
}

/* @data NULL: a directory. An old file keeps the case of its name. */
static inline void model_set(struct model *m, const char *path, const u8 *data, u32 size)
{
	struct judged_node *n = model_find(m, path);
	u8 *copy = data ? memcpy(malloc(size + 1), data, size) : NULL;

	if (n) {
		free(n->data);
		n->data = copy;
		n->size = size;
		return;
	}
	m->nodes[m->count++] = (struct judged_node){ strdup(path), copy, size };
	model_sort(m);
}

/* What is below a directory goes with it. */
static inline void model_rename(struct model *m, const char *from, const char *to)
{
	struct judged_node *onto = model_find(m, to);
	size_t length = strlen(from);
	char name[JUDGE_PATH];

	if (onto && strcasecmp(from, to)) {	/* the case of its name stays */
		strcpy(name, onto->path);
		model_remove(m, to);
		to = name;
	}
	for (unsigned i = 0; i < m->count; i++) {
		char *path = m->nodes[i].path, new[JUDGE_PATH];

		if (strncasecmp(path, from, length) || (path[length] && path[length] != '/'))
			continue;
		snprintf(new, sizeof new, "%s%s", to, path + length);
		free(path);
		m->nodes[i].path = strdup(new);
	}
	model_sort(m);
}

static inline void model_copy(struct model *to, const struct model *from)
{
	to->count = 0;
	for (unsigned i = 0; i < from->count; i++)
		model_set(to, from->nodes[i].path, from->nodes[i].data, from->nodes[i].size);
}

static inline void model_free(struct model *m)
{
	while (m->count)
		model_remove(m, m->nodes[0].path);
}

/* NULL: the same; else what differs. */
static inline const char *model_differs(const struct model *m, const struct judge *j)
{
	static char text[JUDGE_PATH + 100];

	for (unsigned i = 0; i < m->count || i < j->count; i++) {
		const struct judged_node *a = &m->nodes[i], *b = &j->nodes[i];

		if (i == m->count || i == j->count || strcmp(a->path, b->path)) {
			snprintf(text, sizeof text, "there is %s, there should be %s",
				 i < j->count ? b->path : "nothing",
				 i < m->count ? a->path : "nothing");
			return text;
		}
		if (!a->data != !b->data || a->size != b->size ||
		    (a->data && memcmp(a->data, b->data, a->size))) {
			snprintf(text, sizeof text, "%s: %u bytes, other contents than the %u",
				 b->path, b->size, a->size);
			return text;
		}
	}
	return NULL;
}

/* From what is there, which must be in order. */
static inline void model_from(struct model *m, const struct judge *j)
{
	m->count = 0;
	for (unsigned i = 0; i < j->count; i++)
		model_set(m, j->nodes[i].path, j->nodes[i].data, j->nodes[i].size);
}
