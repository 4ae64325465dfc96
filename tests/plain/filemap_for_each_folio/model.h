/* Folios of an address space, in user space: a sparse array, with references. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT_SYMBOL(name) extern int export_##name
#define FOLIOS 40
#define BATCH 3

typedef unsigned long pgoff_t;

struct folio { pgoff_t index; int references, state; bool there; };
struct address_space { struct folio folios[FOLIOS]; };
struct folio_batch { unsigned int nr; struct folio *folios[BATCH]; };

static inline void folio_batch_init(struct folio_batch *fbatch)
{
	fbatch->nr = 0;
}

static inline unsigned int folio_batch_count(struct folio_batch *fbatch)
{
	return fbatch->nr;
}

static inline unsigned int filemap_get_folios(struct address_space *mapping, pgoff_t *start, pgoff_t end,
					      struct folio_batch *fbatch)
{
	for (pgoff_t at = *start; at <= end && at < FOLIOS; at++) {
		struct folio *folio = &mapping->folios[at];

		if (!folio->there)
			continue;
		folio->references++;
		fbatch->folios[fbatch->nr++] = folio;
		if (fbatch->nr == BATCH) {
			*start = at + 1;
			return fbatch->nr;
		}
	}
	*start = end == (pgoff_t)-1 ? end : end + 1;
	return fbatch->nr;
}

static inline void folio_batch_release(struct folio_batch *fbatch)
{
	for (unsigned int i = 0; i < fbatch->nr; i++)
		fbatch->folios[i]->references--;
	fbatch->nr = 0;
}

static inline void cond_resched(void)
{
}

static inline int visit(struct folio *folio, long what)
{
	if (folio->references < 1) {
		printf("without a reference: %lu\n", folio->index);
		exit(1);
	}
	printf("%lu:%ld ", folio->index, what);
	return folio->state;
}
