/* The helper, for the generation whose iov_iter_get_pages() does not advance. */
#include "model.h"

#define ITER_PAGES_BATCH	16

int iov_iter_for_each_page(struct iov_iter *i, size_t size,
			   int (*f)(struct page *page, size_t from,
				    size_t size, void *data),
			   void *data)
{
	struct page *pages[ITER_PAGES_BATCH];
	int err = 0;

	if (size > i->count)
		size = i->count;

	while (size && !err) {
		size_t from, len, taken = 0;
		ssize_t left;
		int n, npages;

		left = iov_iter_get_pages(i, pages, size, ITER_PAGES_BATCH,
					  &from);
		if (unlikely(left <= 0))
			return left ? left : -EFAULT;

		npages = DIV_ROUND_UP(from + left, PAGE_SIZE);
		for (n = 0; n < npages && !err; from = 0) {
			len = min_t(size_t, left, PAGE_SIZE - from);
			err = f(pages[n++], from, len, data);
			if (err < 0)
				break;
			taken += len;
			left -= len;
		}
		/* f() owns everything we'd passed to it; drop the rest */
		while (n < npages)
			put_page(pages[n++]);
		/* once per batch: advancing may discard what it moves past */
		iov_iter_advance(i, taken);
		size -= taken;
	}
	return err;
}
