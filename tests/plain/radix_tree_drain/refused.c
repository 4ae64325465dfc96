/* It goes on behind the last item. */
void dotterel_list(struct flock *flock)
{
	struct dotterel *batch[4];
	unsigned long next = 0;
	int n, i;

	while ((n = radix_tree_gang_lookup(&flock->tree, (void **)batch, next, 4))) {
		for (i = 0; i < n; i++) {
			show(batch[i]);
			next = batch[i]->index + 1;
		}
	}
}

/* Found under a lock. */
void dotterel_locked(struct flock *flock)
{
	struct dotterel *batch[4];
	int n, i;

	while (1) {
		lock(flock);
		n = radix_tree_gang_lookup(&flock->tree, (void **)batch, 0, 4);
		if (!n)
			break;
		for (i = 0; i < n; i++)
			take_out(flock, batch[i]);
		unlock(flock);
	}
	unlock(flock);
}

/* One item. */
struct dotterel *dotterel_first(struct flock *flock)
{
	struct dotterel *batch[1];

	if (radix_tree_gang_lookup(&flock->tree, (void **)batch, 0, 1))
		return batch[0];
	return NULL;
}

/* The callback's item has no type that could be looked into. */
void dotterel_fields(struct flock *flock)
{
	struct dotterel *batch[4];
	int n, i;

	while ((n = radix_tree_gang_lookup(&flock->tree, (void **)batch, 0, 4))) {
		for (i = 0; i < n; i++)
			drop(flock, batch[i]->index);
	}
}

/* The batch's places are cleared. */
void dotterel_clear(struct flock *flock)
{
	struct dotterel *batch[4];
	int n, i;

	while ((n = radix_tree_gang_lookup(&flock->tree, (void **)batch, 0, 4))) {
		for (i = 0; i < n; i++) {
			take_out(flock, batch[i]);
			batch[i] = NULL;
		}
	}
}
