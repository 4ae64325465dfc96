/*
 * A user-space model of what batch walks touch: pages with reference counts,
 * iterators over user memory and page vectors, and both generations of the
 * calls that grab pages.  Nothing here is real memory management; a page is a
 * counter, and user memory is a row of such pages.
 *
 * Included before the code of every case.  Compile with -DCLASSIC_GENERATION
 * for the generation whose iov_iter_get_pages() does not advance.
 */
#ifndef MODEL_H
#define MODEL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned int gfp_t;
typedef unsigned int fmode_t;

/* ---- language ---- */

#define __user
#define __rcu
#define __force
#define __init
#define __exit
#define noinline __attribute__((noinline))
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define fallthrough __attribute__((fallthrough))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))
#define EXPORT_SYMBOL(name) extern typeof(name) name
#define EXPORT_SYMBOL_GPL(name) extern typeof(name) name
#define MODULE_LICENSE(text) extern int model_unused
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define min(x, y) ({ \
	typeof(x) _min1 = (x); \
	typeof(y) _min2 = (y); \
	_min1 < _min2 ? _min1 : _min2; })
#define max(x, y) ({ \
	typeof(x) _max1 = (x); \
	typeof(y) _max2 = (y); \
	_max1 > _max2 ? _max1 : _max2; })
#define min_t(type, x, y) ({ \
	type _min1 = (x); \
	type _min2 = (y); \
	_min1 < _min2 ? _min1 : _min2; })
#define max_t(type, x, y) ({ \
	type _max1 = (x); \
	type _max2 = (y); \
	_max1 > _max2 ? _max1 : _max2; })
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define round_up(x, y) ((((x) - 1) | ((typeof(x))(y) - 1)) + 1)

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define SZ_1M 0x00100000
#define MAX_RW_COUNT (0x7fffffffUL & PAGE_MASK)

/* ---- errors ---- */

#define EIO 5
#define EAGAIN 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EINVAL 22
#define ENOSPC 28
#define EMSGSIZE 90
#define ECANCELED 125
#define ENOBUFS 105
#define ENODATA 61
#define EIOCBQUEUED 529
#define MAX_ERRNO 4095

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (unsigned long)ptr >= (unsigned long)-MAX_ERRNO;
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR(ptr);
}

/* ---- the harness: what drivers and stubs use ---- */

/* Adds one line to the trace that is compared. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the run: the program did something that no program may do. */
void violation(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* A number for this run, lo <= n <= hi; the same for original and result. */
long pick(long lo, long hi);
/* True for the one call of this run that has to fail, if any. */
bool failing(void);
/* The error of this run's failing call: a negative code. */
int failure(void);
/* Marks the run as one that ended early, without any failing call. */
void disturb(void);

/* ---- for programs that are made up around a function ---- */

/* What every program is given one of. */
#define MODEL_WALKED struct iov_iter
/* The types of which only the model makes objects. */
#define MODEL_OBJECTS struct iov_iter, struct page
/* Whoever looks behind a batch has to be caught. */
#define MODEL_POISON ((struct page *)-1L)

/* An object of a type of the model, or NULL if it has none to give. */
void *model_object(const char *type);
/* Fill an object of a type of the model that is part of another one. */
void model_fill(const char *type, void *object);
/* The name of one of the model's own objects; false for any other address. */
bool model_name(const void *object, char *name, size_t size);

#define WARN_ON(c) ({ \
	bool _warn = !!(c); \
	if (_warn) \
		trace("warning"); \
	_warn; })
#define WARN_ON_ONCE(c) WARN_ON(c)
#define BUG_ON(c) do { if (c) violation("bug: %s", #c); } while (0)
#define pr_debug(...) trace(__VA_ARGS__)
#define pr_err(...) trace(__VA_ARGS__)

/* ---- pages and memory ---- */

struct page {
	int refs;
	bool faults;
	unsigned long private;
};

/* The page's number; a page to which nobody holds a reference is a violation. */
int page_id(struct page *page);
void get_page(struct page *page);
void put_page(struct page *page);
struct page *alloc_page(gfp_t gfp);
#define ZERO_PAGE(vaddr) model_zero_page()
struct page *model_zero_page(void);
#define set_page_private(page, v) ((page)->private = (v))
#define page_private(page) ((page)->private)

#define GFP_KERNEL 0u
#define GFP_NOFS 1u
void *kvmalloc(size_t size, gfp_t gfp);
void *kvzalloc(size_t size, gfp_t gfp);
void kvfree(const void *ptr);
#define kmalloc(size, gfp) kvmalloc(size, gfp)
#define kzalloc(size, gfp) kvzalloc(size, gfp)
#define kmalloc_array(n, size, gfp) kvmalloc((n) * (size), gfp)
#define kvmalloc_array(n, size, gfp) kvmalloc((n) * (size), gfp)
#define kcalloc(n, size, gfp) kvzalloc((n) * (size), gfp)
#define array_size(n, size) ((n) * (size))
#define vmalloc(size) kvmalloc(size, GFP_KERNEL)
#define kfree(ptr) kvfree(ptr)
#define vfree(ptr) kvfree(ptr)

/* ---- declared for the refused, which are compiled but never run ---- */

typedef struct { int held; } spinlock_t;
struct mutex { int held; };
void spin_lock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
void rcu_read_lock(void);
void rcu_read_unlock(void);
void *kmap_local_page(struct page *page);
void kunmap_local(const void *addr);
void unpin_user_page(struct page *page);
void set_page_dirty_lock(struct page *page);
bool cond_resched(void);

/* ---- iterators ---- */

struct iovec {
	void __user *iov_base;
	size_t iov_len;
};

struct bio_vec {
	struct page *bv_page;
	unsigned int bv_len;
	unsigned int bv_offset;
};

enum iter_type { ITER_IOVEC, ITER_BVEC };

struct iov_iter {
	u8 iter_type;
	size_t iov_offset;
	size_t count;
	union {
		const struct iovec *iov;
		const struct bio_vec *bvec;
	};
	unsigned long nr_segs;
};

static inline size_t iov_iter_count(const struct iov_iter *i)
{
	return i->count;
}

static inline bool iov_iter_is_bvec(const struct iov_iter *i)
{
	return i->iter_type == ITER_BVEC;
}

static inline void iov_iter_truncate(struct iov_iter *i, u64 count)
{
	if (i->count > count)
		i->count = count;
}

static inline void iov_iter_reexpand(struct iov_iter *i, size_t count)
{
	i->count = count;
}

void iov_iter_advance(struct iov_iter *i, size_t bytes);
void iov_iter_revert(struct iov_iter *i, size_t bytes);
int iov_iter_npages(const struct iov_iter *i, int maxpages);

#ifdef CLASSIC_GENERATION
ssize_t iov_iter_get_pages(struct iov_iter *i, struct page **pages,
			   size_t maxsize, unsigned int maxpages,
			   size_t *start);
ssize_t iov_iter_get_pages_alloc(struct iov_iter *i, struct page ***pages,
				 size_t maxsize, size_t *start);
#else
ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages,
			    size_t maxsize, unsigned int maxpages,
			    size_t *start);
ssize_t iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages,
				  size_t maxsize, size_t *start);
ssize_t iov_iter_extract_pages(struct iov_iter *i, struct page ***pages,
			       size_t maxsize, unsigned int maxpages,
			       unsigned int flags, size_t *start);
#endif

int iov_iter_for_each_page(struct iov_iter *i, size_t size,
			   int (*f)(struct page *page, size_t from,
				    size_t size, void *data),
			   void *data);

#endif
