// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Tern: a character device that checks pages where they are.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

#define TERN_BATCH	8

struct tern_device;

int tern_check_piece(struct tern_device *tern, struct page *page, size_t offset,
		     size_t len);

/* The device only looks at a page; it keeps none. */
int tern_check(struct tern_device *tern, struct iov_iter *iter)
{
	int err = 0;

	while (iov_iter_count(iter)) {
		struct page *pages[TERN_BATCH];
		size_t offset;
		ssize_t bytes;
		int i, n;

		bytes = iov_iter_get_pages2(iter, pages, iov_iter_count(iter),
					    TERN_BATCH, &offset);
		if (bytes <= 0)
			return bytes ? bytes : -EFAULT;

		n = DIV_ROUND_UP(offset + bytes, PAGE_SIZE);
		for (i = 0; i < n; i++) {
			size_t len = PAGE_SIZE - offset;

			if (len > bytes)
				len = bytes;
			if (!err)
				err = tern_check_piece(tern, pages[i], offset,
						       len);
			put_page(pages[i]);
			bytes -= len;
			offset = 0;
		}
		if (err)
			break;
	}
	return err;
}
EXPORT_SYMBOL(tern_check);
