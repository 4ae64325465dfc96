/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <linux/types.h>

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

#define min_t(type, x, y)	((type)(x) < (type)(y) ? (type)(x) : (type)(y))
#define max_t(type, x, y)	((type)(x) > (type)(y) ? (type)(x) : (type)(y))
#define min(x, y)		((x) < (y) ? (x) : (y))
#define max(x, y)		((x) > (y) ? (x) : (y))

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define ARRAY_SIZE(x)		(sizeof(x) / sizeof((x)[0]))

#define EXPORT_SYMBOL(sym)	extern typeof(sym) sym

#define EIO		5
#define ENOMEM		12
#define EFAULT		14
#define EINVAL		22
#define ENOSPC		28
#define EMSGSIZE	90

#endif
