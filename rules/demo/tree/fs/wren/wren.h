/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _FS_WREN_H
#define _FS_WREN_H

#include <linux/types.h>

struct iov_iter;
struct page;

struct wren_volume {
	u32 extent_bytes;
	u32 id;
};

struct wren_request {
	struct wren_request *next;
	struct page *page;
	loff_t where;
};

/* One direct transfer; requests hang off it until the volume answers. */
struct wren_job {
	struct wren_volume *volume;
	struct wren_request *requests;
	ssize_t left;
	int error;
};

/* A window of consecutive requests on their way to the volume. */
struct wren_window {
	struct wren_job *job;
	size_t bytes;
	int error;
};

void wren_window_open(struct wren_window *window, struct wren_job *job);
int wren_window_add(struct wren_window *window, struct wren_request *request);
void wren_window_close(struct wren_window *window);

struct wren_request *wren_request_new(struct wren_job *job, struct page *page,
				      size_t offset, size_t bytes);
void wren_request_free(struct wren_request *request);

ssize_t wren_direct_read(struct wren_job *job, struct iov_iter *iter,
			 loff_t where);
ssize_t wren_direct_write(struct wren_job *job, struct iov_iter *iter,
			  loff_t where);

#endif
