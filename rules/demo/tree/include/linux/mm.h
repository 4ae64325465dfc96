/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/kernel.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x)	(((x) + PAGE_SIZE - 1) & PAGE_MASK)

struct page {
	int refs;
	void *owner;
};

void get_page(struct page *page);
void put_page(struct page *page);
int pin_user_range(unsigned long addr, int nr, struct page **pages);

#endif
