#define ITER_PAGES_BATCH	16

/**
 * iov_iter_for_each_page - call a function for each page subrange in iov_iter
 * @i: iterator to walk
 * @size: maximal amount of data to walk, in bytes
 * @f: function to call
 * @data: argument for @f
 *
 * Walks the next min(@size, iov_iter_count(@i)) bytes of @i, in order, and
 * calls @f(page, from, len, @data) for each piece; no piece ever crosses a
 * page boundary or a segment boundary and no piece is empty.
 *
 * @f is given a reference to page and it is responsible for disposing of that
 * reference, whatever it returns.  It may block; it must not touch @i.
 *
 * @f returns
 *	0	if it took the piece and wants more,
 *	> 0	if it took the piece and wants the walk to stop there,
 *	-E...	if it hadn't taken the piece; stops the walk.
 *
 * On return @i is positioned right past the last piece taken by @f, so the
 * change of iov_iter_count(@i) is the amount of data taken, no matter how the
 * walk had ended.  References to pages that had been grabbed but never passed
 * to @f are dropped.
 *
 * Returns 0 if the entire range had been taken, the value returned by @f if
 * it has stopped the walk and -E... if we'd failed to grab the next page.
 */
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
		/*
		 * Once per batch and not once per piece: for ITER_PIPE it
		 * discards everything past the new position.
		 */
		iov_iter_advance(i, taken);
		size -= taken;
	}
	return err;
}
EXPORT_SYMBOL(iov_iter_for_each_page);
