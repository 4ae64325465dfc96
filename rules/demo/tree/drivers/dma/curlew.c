// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Curlew: a copy engine that runs one chain of pieces at a time.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

struct curlew_chain;

void curlew_chain_add(struct curlew_chain *chain, struct page *page,
		      size_t offset, size_t len);
int curlew_chain_run(struct curlew_chain *chain);

/* The engine is started, and waited for, once per batch. */
int curlew_copy(struct curlew_chain *chain, struct iov_iter *iter)
{
	int err = 0;

	while (iov_iter_count(iter) && !err) {
		struct page **pages;
		size_t offset;
		ssize_t bytes;
		int i, n;

		bytes = iov_iter_get_pages_alloc2(iter, &pages,
						  iov_iter_count(iter),
						  &offset);
		if (bytes < 0)
			return bytes;

		n = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
		for (i = 0; i < n; i++) {
			size_t len = min_t(size_t, bytes, PAGE_SIZE - offset);

			curlew_chain_add(chain, pages[i], offset, len);
			bytes -= len;
			offset = 0;
		}

		err = curlew_chain_run(chain);
		while (--i >= 0)
			put_page(pages[i]);
		kvfree(pages);
	}
	return err;
}
EXPORT_SYMBOL(curlew_copy);
