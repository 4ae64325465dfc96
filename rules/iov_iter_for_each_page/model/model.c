/* One run of a program on one random input; see model.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "runner.h"

#define HANG 20000
#define USER_BASE 0x100000UL

static struct {
	struct page pages[MODEL_PAGES];
	struct iovec iov[MODEL_SEGMENTS];
	struct bio_vec bvec[MODEL_SEGMENTS];
	uint64_t picks, shorts;		/* states of two random streams */
	long calls, fail_at, acquires;
	bool zero;			/* what cannot be grabbed gives 0, not -EFAULT */
	int fail_code;
	enum batching batching;
	struct outcome *outcome;
	struct iov_iter *iter;		/* what the program walks */
	jmp_buf out;
} run;

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static long between(uint64_t *state, long lo, long hi)
{
	return lo + (long)(next_random(state) % (uint64_t)(hi - lo + 1));
}

/* ---- harness calls ---- */

void trace(const char *format, ...)
{
	struct outcome *o = run.outcome;
	size_t room = sizeof(o->trace) - o->trace_length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(o->trace + o->trace_length, room, format, args);
	va_end(args);
	if (n + 2 > (long)room)
		violation("trace is full");
	o->trace_length += n;
	if (o->trace[o->trace_length - 1] != '\n')
		o->trace[o->trace_length++] = '\n';
	o->trace[o->trace_length] = 0;
}

void violation(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run.outcome->broken, sizeof(run.outcome->broken), format, args);
	va_end(args);
	longjmp(run.out, 1);
}

long pick(long lo, long hi)
{
	return between(&run.picks, lo, hi);
}

bool failing(void)
{
	if (++run.calls != run.fail_at)
		return false;
	run.outcome->disturbed = true;
	return true;
}

int failure(void)
{
	return run.fail_code;
}

void disturb(void)
{
	run.outcome->disturbed = true;
}

/* ---- pages and memory ---- */

static long page_number(struct page *page)
{
	uintptr_t at = (uintptr_t)page - (uintptr_t)run.pages;

	if (at >= sizeof(run.pages) || at % sizeof(struct page))
		violation("%p is not a page", (void *)page);
	return at / sizeof(struct page);
}

/* The memory's own reference is 1; whoever uses a page holds another one. */
int page_id(struct page *page)
{
	long id = page_number(page);

	if (page->refs < 2)
		violation("page %ld is used without a reference", id);
	return id;
}

void get_page(struct page *page)
{
	page_number(page);
	page->refs++;
}

void put_page(struct page *page)
{
	long id = page_number(page);

	if (page->refs < 2)
		violation("page %ld is put without a reference", id);
	page->refs--;
}

struct page *model_zero_page(void)
{
	return &run.pages[MODEL_PAGES - 1];
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	run.outcome->allocations++;
	return malloc(size);
}

void *kvzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	run.outcome->allocations++;
	return calloc(1, size);
}

void kvfree(const void *ptr)
{
	if (ptr)
		run.outcome->allocations--;
	free((void *)ptr);
}

/* ---- made up programs ---- */

void *model_object(const char *type)
{
	struct page *page;

	if (!strcmp(type, "struct iov_iter"))
		return run.iter;
	if (strcmp(type, "struct page"))
		return NULL;
	page = &run.pages[between(&run.picks, 0, MODEL_PAGES - 1)];
	get_page(page);
	return page;
}

/* The iterator that a program has inside an object is the one that is walked. */
void model_fill(const char *type, void *object)
{
	if (!strcmp(type, "struct iov_iter")) {
		*(struct iov_iter *)object = *run.iter;
		run.iter = object;
	}
}

bool model_name(const void *object, char *name, size_t size)
{
	uintptr_t at = (uintptr_t)object - (uintptr_t)run.pages;

	if (at < sizeof(run.pages))
		snprintf(name, size, "page %ld", (long)(at / sizeof(struct page)));
	else if (object == run.iter)
		snprintf(name, size, "the iterator");
	else
		return false;
	return true;
}

/* ---- iterators ---- */

static size_t segment_length(const struct iov_iter *i)
{
	return iov_iter_is_bvec(i) ? i->bvec->bv_len : i->iov->iov_len;
}

static void next_segment(struct iov_iter *i, int step)
{
	if (iov_iter_is_bvec(i))
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

void iov_iter_revert(struct iov_iter *i, size_t bytes)
{
	if (i->count + bytes > run.outcome->total)
		violation("reverted past the beginning");
	i->count += bytes;
	while (bytes > i->iov_offset) {
		bytes -= i->iov_offset;
		next_segment(i, -1);
		i->iov_offset = segment_length(i);
	}
	i->iov_offset -= bytes;
	/* where the beginning of a segment and the end of the last one meet */
	while (i->nr_segs && i->iov_offset == segment_length(i)) {
		i->iov_offset = 0;
		next_segment(i, 1);
	}
}

static struct page *first_page(const struct iov_iter *i, size_t *start)
{
	size_t at;

	if (iov_iter_is_bvec(i))
		at = (i->bvec->bv_page - run.pages) * PAGE_SIZE +
		     i->bvec->bv_offset;
	else
		at = (uintptr_t)i->iov->iov_base - USER_BASE;
	at += i->iov_offset;
	*start = at % PAGE_SIZE;
	return &run.pages[at / PAGE_SIZE];
}

int iov_iter_npages(const struct iov_iter *i, int maxpages)
{
	struct iov_iter copy = *i;
	int n = 0;

	while (copy.count && n < maxpages) {
		size_t start, len;

		first_page(&copy, &start);
		len = min(segment_length(&copy) - copy.iov_offset, copy.count);
		n += DIV_ROUND_UP(start + len, PAGE_SIZE);
		iov_iter_advance(&copy, len);
	}
	return min(n, maxpages);
}

/* Grabs pages of the first segment that has any bytes left; does not advance. */
static ssize_t grab(struct iov_iter *i, struct page **pages, size_t maxsize,
		    unsigned int maxpages, size_t *start)
{
	struct page *page;
	size_t n, k;

	if (++run.acquires > HANG)
		violation("hangs");
	if (maxsize > i->count)
		maxsize = i->count;
	if (maxsize > MAX_RW_COUNT)
		maxsize = MAX_RW_COUNT;
	if (!maxsize || !maxpages)
		return 0;
	iov_iter_advance(i, 0);

	page = first_page(i, start);
	maxsize = min(maxsize, segment_length(i) - i->iov_offset);
	n = min(DIV_ROUND_UP(*start + maxsize, PAGE_SIZE), (size_t)maxpages);
	if (run.batching == BATCH_UNIT)
		n = 1;
	if (run.batching == BATCH_SHORT)
		n = between(&run.shorts, 1, n);
#ifdef CLASSIC_GENERATION
	if (iov_iter_is_bvec(i))
		n = 1;
#endif
	for (k = 0; k < n && !page[k].faults; k++) {
		get_page(page + k);
		pages[k] = page + k;
	}
	run.outcome->grabbed += k;
	if (k < n)
		run.outcome->disturbed = true;
	/* whoever looks behind the batch has to be caught */
	if (k < maxpages)
		pages[k] = MODEL_POISON;
	if (!k) {
		run.outcome->faulted = true;
		return run.zero ? 0 : -EFAULT;
	}
	return min(maxsize, k * PAGE_SIZE - *start);
}

static ssize_t grab_alloc(struct iov_iter *i, struct page ***pages,
			  size_t maxsize, size_t *start)
{
	size_t first = 0, n;
	ssize_t bytes;

	*pages = NULL;
	iov_iter_advance(i, 0);
	if (!i->count || !maxsize)
		return 0;
	first_page(i, &first);
	maxsize = min(maxsize, min(segment_length(i) - i->iov_offset, i->count));
	n = DIV_ROUND_UP(first + maxsize, PAGE_SIZE);
	*pages = kvmalloc(n * sizeof(**pages), GFP_KERNEL);
	bytes = grab(i, *pages, maxsize, n, start);
	if (bytes <= 0) {
		kvfree(*pages);
		*pages = NULL;
	}
	return bytes;
}

#ifdef CLASSIC_GENERATION
ssize_t iov_iter_get_pages(struct iov_iter *i, struct page **pages,
			   size_t maxsize, unsigned int maxpages, size_t *start)
{
	return grab(i, pages, maxsize, maxpages, start);
}

ssize_t iov_iter_get_pages_alloc(struct iov_iter *i, struct page ***pages,
				 size_t maxsize, size_t *start)
{
	return grab_alloc(i, pages, maxsize, start);
}
#else
ssize_t iov_iter_get_pages2(struct iov_iter *i, struct page **pages,
			    size_t maxsize, unsigned int maxpages, size_t *start)
{
	ssize_t bytes = grab(i, pages, maxsize, maxpages, start);

	if (bytes > 0)
		iov_iter_advance(i, bytes);
	return bytes;
}

ssize_t iov_iter_get_pages_alloc2(struct iov_iter *i, struct page ***pages,
				  size_t maxsize, size_t *start)
{
	ssize_t bytes = grab_alloc(i, pages, maxsize, start);

	if (bytes > 0)
		iov_iter_advance(i, bytes);
	return bytes;
}
#endif

/* ---- one run ---- */

static size_t random_length(uint64_t *state)
{
	switch (next_random(state) % 8) {
	case 0:
		return 0;
	case 1:
		return between(state, 1, 64);
	case 2:
		return between(state, 1, 3) * PAGE_SIZE;
	case 3:
		return between(state, 1, 40) * 1024;
	case 4:
		return between(state, 1, 36 * PAGE_SIZE);
	default:
		return between(state, 1, 4 * PAGE_SIZE);
	}
}

static void make_segment(uint64_t *state, struct iov_iter *iter, unsigned long k,
			 bool faults)
{
	size_t len = random_length(state);
	size_t offset = next_random(state) % 3 ? between(state, 0, PAGE_SIZE - 1) : 0;
	long first = between(state, 0, MODEL_PAGES - 60);

	if (iov_iter_is_bvec(iter)) {
#ifdef CLASSIC_GENERATION
		len = min(len, PAGE_SIZE - offset);
#endif
		run.bvec[k].bv_page = &run.pages[first];
		run.bvec[k].bv_offset = offset;
		run.bvec[k].bv_len = len;
	} else {
		run.iov[k].iov_base = (void *)(USER_BASE + first * PAGE_SIZE + offset);
		run.iov[k].iov_len = len;
		if (len && faults && next_random(state) % 2)
			run.pages[first + between(state, 0, (offset + len - 1) / PAGE_SIZE)].faults = true;
	}
	iter->count += len;
}

static void make_input(uint64_t seed, struct iov_iter *iter)
{
	uint64_t state = seed;
	unsigned long k;
	bool faults;

	memset(iter, 0, sizeof(*iter));
	iter->iter_type = next_random(&state) % 3 ? ITER_IOVEC : ITER_BVEC;
	iter->nr_segs = between(&state, 1, MODEL_SEGMENTS);
	faults = next_random(&state) % 3 == 0;
	for (k = 0; k < iter->nr_segs; k++)
		make_segment(&state, iter, k, faults);
	iter->iov = run.iov;
	if (iov_iter_is_bvec(iter))
		iter->bvec = run.bvec;

	run.calls = 0;
	run.fail_at = next_random(&state) % 3 ? between(&state, 1, 24) : 0;
	run.fail_code = (int[]){ -EIO, -ENOMEM, -ENOSPC }[next_random(&state) % 3];
	run.zero = next_random(&state) % 2;
	run.picks = next_random(&state);
	run.shorts = next_random(&state);
}

void model_run(drive_function *drive, uint64_t seed, enum batching batching,
	       bool zero_returns, struct outcome *outcome)
{
	struct iov_iter iter;
	int k;

	outcome->trace_length = 0;
	outcome->trace[0] = outcome->broken[0] = 0;
	outcome->allocations = outcome->grabbed = outcome->ret = 0;
	outcome->disturbed = outcome->faulted = false;
	run.outcome = outcome;
	run.batching = batching;
	run.acquires = 0;
	for (k = 0; k < MODEL_PAGES; k++)
		run.pages[k] = (struct page){ .refs = 1 };
	make_input(seed, &iter);
	run.zero &= zero_returns;
	outcome->total = iter.count;

	run.iter = &iter;
	if (!setjmp(run.out))
		outcome->ret = drive(&iter);

	iter = *run.iter;
	outcome->left = iter.count;
	iov_iter_advance(&iter, 0);
	outcome->segment = iter.nr_segs;
	outcome->offset = iter.iov_offset;
	for (k = 0; k < MODEL_PAGES; k++)
		outcome->refs[k] = run.pages[k].refs;
}
