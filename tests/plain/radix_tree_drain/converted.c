/* Everything goes. */
void plover_free_all(struct flock *flock)
{
	struct plover *batch[4];
	int n, i;

	while (1) {
		n = radix_tree_gang_lookup(&flock->tree, (void **)batch, 0,
					   ARRAY_SIZE(batch));
		if (!n)
			break;
		for (i = 0; i < n; i++)
			take_out(flock, batch[i]);
	}
}

/* What an item weighs is kept, from an index on. */
static long plover_weigh(struct flock *flock, unsigned long from)
{
	struct plover *batch[8];
	unsigned int n, i;
	long weight = 0;

	while ((n = radix_tree_gang_lookup(&flock->tree, (void **)batch, from, 8)) > 0) {
		for (i = 0; i < n; i++) {
			struct plover *plover = batch[i];

			if (plover->weight)
				weight += plover->weight;
			take_out(flock, plover);
		}
	}
	return weight;
}
