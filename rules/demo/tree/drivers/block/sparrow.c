// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sparrow: a block device that takes a table of page pieces.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

#define SPARROW_BATCH	64

struct sparrow_table {
	struct bio_vec *vecs;
	int nr_vecs;
};

/* Fill @table with at most @maxsize bytes of @iter; the caller has sized it. */
ssize_t sparrow_fill_table(struct sparrow_table *table, struct iov_iter *iter,
			   size_t maxsize)
{
	size_t size = 0;
	int idx = 0;

	if (maxsize > iov_iter_count(iter))
		maxsize = iov_iter_count(iter);

	while (size < maxsize) {
		struct page *pages[SPARROW_BATCH];
		ssize_t bytes;
		size_t start;
		int k = 0;

		bytes = iov_iter_get_pages2(iter, pages, maxsize - size,
					    SPARROW_BATCH, &start);
		if (bytes < 0)
			return size ? size : bytes;

		size += bytes;
		for ( ; bytes; idx++, k++) {
			int len = min_t(int, bytes, PAGE_SIZE - start);

			table->vecs[idx].bv_page = pages[k];
			table->vecs[idx].bv_offset = start;
			table->vecs[idx].bv_len = len;
			bytes -= len;
			start = 0;
		}
	}

	table->nr_vecs = idx;
	return size;
}
EXPORT_SYMBOL(sparrow_fill_table);
