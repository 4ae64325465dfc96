// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Direct transfers between user memory and a wren volume.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "wren.h"

static void wren_put_pages(struct page **pages, unsigned int npages)
{
	unsigned int i;

	for (i = 0; i < npages; i++)
		put_page(pages[i]);
}

/*
 * Queue one read request for every page that @iter touches.  Requests take
 * their own reference to the page, so that ours can be dropped at once.
 */
ssize_t wren_direct_read(struct wren_job *job, struct iov_iter *iter,
			 loff_t where)
{
	size_t extent = max_t(size_t, job->volume->extent_bytes, PAGE_SIZE);
	struct wren_window window;
	ssize_t result = -EINVAL;
	size_t queued = 0;

	wren_window_open(&window, job);
	while (iov_iter_count(iter)) {
		struct page **pages;
		unsigned int npages, i;
		size_t bytes, offset;

		result = iov_iter_get_pages_alloc2(iter, &pages, extent,
						   &offset);
		if (result < 0)
			break;

		bytes = result;
		npages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
		for (i = 0; i < npages; i++) {
			size_t len = min_t(size_t, bytes, PAGE_SIZE - offset);
			struct wren_request *request;

			/* a page behind the end of file reads as zeroes */
			request = wren_request_new(job, pages[i], offset, len);
			if (IS_ERR(request)) {
				result = PTR_ERR(request);
				break;
			}
			request->where = where;
			if (!wren_window_add(&window, request)) {
				result = window.error;
				wren_request_free(request);
				break;
			}
			offset = 0;
			bytes -= len;
			queued += len;
			where += len;
			job->left -= len;
		}
		wren_put_pages(pages, npages);
		kvfree(pages);
		if (result < 0)
			break;
	}
	wren_window_close(&window);

	/* the volume answers for what was queued; we only for nothing at all */
	if (!queued)
		return result < 0 ? result : -EIO;
	return queued;
}

ssize_t wren_direct_write(struct wren_job *job, struct iov_iter *iter,
			  loff_t where)
{
	size_t extent = max_t(size_t, job->volume->extent_bytes, PAGE_SIZE);
	struct wren_window window;
	ssize_t result = 0;
	size_t queued = 0;

	wren_window_open(&window, job);
	while (iov_iter_count(iter)) {
		struct page **pages;
		unsigned int npages, i;
		size_t bytes, offset;

		result = iov_iter_get_pages_alloc2(iter, &pages, extent,
						   &offset);
		if (result < 0)
			break;

		bytes = result;
		npages = DIV_ROUND_UP(bytes + offset, PAGE_SIZE);
		for (i = 0; i < npages; i++) {
			size_t len = min_t(size_t, bytes, PAGE_SIZE - offset);
			struct wren_request *request;

			request = wren_request_new(job, pages[i], offset, len);
			if (IS_ERR(request)) {
				result = PTR_ERR(request);
				break;
			}
			if (job->error < 0) {
				wren_request_free(request);
				result = job->error;
				break;
			}
			request->where = where + queued;
			if (!wren_window_add(&window, request)) {
				result = window.error;
				wren_request_free(request);
				break;
			}
			offset = 0;
			bytes -= len;
			queued += len;
			job->left -= len;
		}
		wren_put_pages(pages, npages);
		kvfree(pages);
		if (result < 0)
			break;
	}
	wren_window_close(&window);

	if (!queued)
		return result < 0 ? result : -EIO;
	return queued;
}
