/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

#include <linux/types.h>

void *kvmalloc_array(size_t n, size_t size);
void kvfree(const void *ptr);

#endif
