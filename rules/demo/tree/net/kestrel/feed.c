// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Feeding user pages to a kestrel ring without copying them.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/uio.h>

#define KESTREL_BATCH	16

struct kestrel_ring;

struct kestrel_slot {
	const char *origin;
	unsigned int flags;
	struct page *page;
	unsigned int offset;
	unsigned int length;
};

/* Takes the reference to slot->page, also when the ring has no room. */
ssize_t kestrel_ring_push(struct kestrel_ring *ring, struct kestrel_slot *slot);

/**
 * kestrel_feed - hand the pages of an iterator to a ring
 * @ring: ring to fill
 * @from: user memory
 * @flags: flags of each slot
 *
 * Returns the number of bytes that the ring took, or an error if it took none.
 */
ssize_t kestrel_feed(struct kestrel_ring *ring, struct iov_iter *from,
		     unsigned int flags)
{
	struct kestrel_slot slot = {
		.origin = "user",
		.flags = flags,
	};
	size_t total = 0;
	ssize_t ret = 0;

	while (iov_iter_count(from)) {
		struct page *pages[KESTREL_BATCH];
		ssize_t left;
		size_t start;
		int i, n;

		left = iov_iter_get_pages2(from, pages, ~0UL, KESTREL_BATCH,
					   &start);
		if (left <= 0) {
			ret = left;
			break;
		}

		n = DIV_ROUND_UP(left + start, PAGE_SIZE);
		for (i = 0; i < n; i++) {
			int size = min_t(int, left, PAGE_SIZE - start);

			slot.page = pages[i];
			slot.offset = start;
			slot.length = size;
			ret = kestrel_ring_push(ring, &slot);
			if (unlikely(ret < 0)) {
				iov_iter_revert(from, left);
				/* the ring has dropped this one */
				while (++i < n)
					put_page(pages[i]);
				goto out;
			}
			total += ret;
			left -= size;
			start = 0;
		}
	}
out:
	return total ? total : ret;
}
EXPORT_SYMBOL(kestrel_feed);
