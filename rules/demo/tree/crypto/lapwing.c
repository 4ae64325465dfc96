// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Lapwing: user memory as the source of a digest.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

#define LAPWING_PIECES	16

struct lapwing_piece {
	unsigned int offset;
	unsigned int length;
};

struct lapwing_source {
	struct page *pages[LAPWING_PIECES];
	struct lapwing_piece pieces[LAPWING_PIECES];
	unsigned int nr;
};

/* One call, one batch: the caller comes back after the digest has seen it. */
ssize_t lapwing_load(struct lapwing_source *source, struct iov_iter *iter,
		     size_t len)
{
	size_t left, offset;
	ssize_t bytes;
	unsigned int i;

	bytes = iov_iter_get_pages2(iter, source->pages, len, LAPWING_PIECES,
				    &offset);
	if (bytes < 0)
		return bytes;

	left = bytes;
	for (i = 0; left; i++) {
		size_t piece = min_t(size_t, left, PAGE_SIZE - offset);

		source->pieces[i].offset = offset;
		source->pieces[i].length = piece;
		offset = 0;
		left -= piece;
	}
	source->nr = i;
	return bytes;
}
EXPORT_SYMBOL(lapwing_load);
