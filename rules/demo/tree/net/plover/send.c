// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Plover: frames that share pages with their neighbours.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/uio.h>

#define PLOVER_BATCH	16

struct plover_queue {
	spinlock_t lock;
	u64 bytes;
};

int plover_append(struct plover_queue *queue, struct page *page, size_t offset,
		  size_t len);
void plover_kick(struct plover_queue *queue);

/* A batch shows up on the queue as a whole or not yet. */
int plover_send(struct plover_queue *queue, struct iov_iter *iter)
{
	int err = 0;

	while (iov_iter_count(iter) && !err) {
		struct page *pages[PLOVER_BATCH];
		size_t offset;
		ssize_t bytes;
		int i = 0;

		bytes = iov_iter_get_pages2(iter, pages, iov_iter_count(iter),
					    PLOVER_BATCH, &offset);
		if (bytes <= 0)
			return bytes ? bytes : -EFAULT;

		spin_lock(&queue->lock);
		while (bytes) {
			size_t len = min_t(size_t, bytes, PAGE_SIZE - offset);

			if (!err)
				err = plover_append(queue, pages[i], offset,
						    len);
			put_page(pages[i++]);
			queue->bytes += len;
			bytes -= len;
			offset = 0;
		}
		spin_unlock(&queue->lock);
		plover_kick(queue);
	}
	return err;
}
EXPORT_SYMBOL(plover_send);
