/* The helper, for the generation whose iov_iter_get_pages2() advances. */
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
		size_t from, len;
		ssize_t left;
		int n, npages;

		left = iov_iter_get_pages2(i, pages, size, ITER_PAGES_BATCH,
					   &from);
		if (unlikely(left <= 0))
			return left ? left : -EFAULT;

		size -= left;
		npages = DIV_ROUND_UP(from + left, PAGE_SIZE);
		for (n = 0; n < npages && !err; from = 0) {
			len = min_t(size_t, left, PAGE_SIZE - from);
			err = f(pages[n++], from, len, data);
			if (err < 0)
				break;
			left -= len;
		}
		/* f() owns everything we'd passed to it; drop the rest */
		while (n < npages)
			put_page(pages[n++]);
		/* iov_iter_get_pages2() has already moved past the batch */
		iov_iter_revert(i, left);
	}
	return err;
}
