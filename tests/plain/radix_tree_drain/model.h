/* A radix tree, in user space: an array of items. */
#include <stdio.h>

#define EXPORT_SYMBOL(name) extern int export_##name
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ITEMS 50

struct radix_tree_root { void *items[ITEMS]; };

static inline unsigned int radix_tree_gang_lookup(const struct radix_tree_root *root, void **results,
						  unsigned long first, unsigned int max)
{
	unsigned int n = 0;

	for (unsigned long at = first; at < ITEMS && n < max; at++)
		if (root->items[at])
			results[n++] = root->items[at];
	return n;
}

struct plover { unsigned long index; int weight; };
struct flock { struct radix_tree_root tree; int gone; };

static inline void take_out(struct flock *flock, struct plover *plover)
{
	flock->tree.items[plover->index] = NULL;
	flock->gone++;
	printf("%lu ", plover->index);
}
