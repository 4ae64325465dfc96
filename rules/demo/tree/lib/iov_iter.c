// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Walking memory that is described by a list of segments.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

static size_t segment_length(const struct iov_iter *i)
{
	if (i->iter_type == ITER_BVEC)
		return i->bvec->bv_len;
	return i->iov->iov_len;
}

static void next_segment(struct iov_iter *i, int step)
{
	if (i->iter_type == ITER_BVEC)
		i->bvec += step;
	else
		i->iov += step;
	i->nr_segs -= step;
}

void iov_iter_advance(struct iov_iter *i, size_t bytes)
{
	if (bytes > i->count)
		bytes = i->count;
	i->count -= bytes;
	i->iov_offset += bytes;
	while (i->nr_segs && i->iov_offset >= segment_length(i)) {
		i->iov_offset -= segment_length(i);
		next_segment(i, 1);
	}
}
EXPORT_SYMBOL(iov_iter_advance);

void iov_iter_revert(struct iov_iter *i, size_t bytes)
{
	i->count += bytes;
	while (bytes > i->iov_offset) {
		bytes -= i->iov_offset;
		next_segment(i, -1);
		i->iov_offset = segment_length(i);
	}
	i->iov_offset -= bytes;
}
EXPORT_SYMBOL(iov_iter_revert);

/* How many pages do the next @size bytes of the first segment touch? */
static int first_segment(const struct iov_iter *i, size_t *size, size_t *start)
{
	size_t left = segment_length(i) - i->iov_offset;
	unsigned long addr;

	if (i->iter_type == ITER_BVEC)
		addr = i->bvec->bv_offset;
	else
		addr = (unsigned long)i->iov->iov_base;

	if (*size > left)
		*size = left;
	*start = (addr + i->iov_offset) & (PAGE_SIZE - 1);
	return DIV_ROUND_UP(*start + *size, PAGE_SIZE);
}

static int grab_pages(const struct iov_iter *i, struct page **pages, int nr)
{
	struct page *page;
	int k;

	if (i->iter_type == ITER_IOVEC)
		return pin_user_range((unsigned long)i->iov->iov_base +
				      i->iov_offset, nr, pages);

	page = i->bvec->bv_page;
	page += (i->bvec->bv_offset + i->iov_offset) / PAGE_SIZE;
	for (k = 0; k < nr; k++) {
		get_page(page + k);
		pages[k] = page + k;
	}
	return nr;
}

ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages,
			    size_t maxsize, unsigned int maxpages,
			    size_t *start)
{
	int nr;

	if (maxsize > i->count)
		maxsize = i->count;
	if (!maxsize || !maxpages)
		return 0;

	nr = first_segment(i, &maxsize, start);
	nr = grab_pages(i, pages, min_t(unsigned int, nr, maxpages));
	if (unlikely(nr <= 0))
		return nr;
	maxsize = min_t(size_t, maxsize, nr * PAGE_SIZE - *start);
	iov_iter_advance(i, maxsize);
	return maxsize;
}
EXPORT_SYMBOL(iov_iter_get_pages2);

ssize_t iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages,
				  size_t maxsize, size_t *start)
{
	ssize_t len;
	int nr;

	*pages = NULL;
	if (maxsize > i->count)
		maxsize = i->count;
	if (!maxsize)
		return 0;

	nr = first_segment(i, &maxsize, start);
	*pages = kvmalloc_array(nr, sizeof(struct page *));
	if (!*pages)
		return -ENOMEM;
	len = iov_iter_get_pages2(i, *pages, maxsize, nr, start);
	if (len <= 0) {
		kvfree(*pages);
		*pages = NULL;
	}
	return len;
}
EXPORT_SYMBOL(iov_iter_get_pages_alloc2);
