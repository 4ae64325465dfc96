/* The plain form, with everything in the loop's condition. */
void avocet_clean(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i, count;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		count = folio_batch_count(&fbatch);
		for (i = 0; i < count; i++) {
			struct folio *folio = fbatch.folios[i];

			/* nothing to do */
			if (!folio->state)
				continue;
			visit(folio, 0);
		}
		folio_batch_release(&fbatch);
		cond_resched();
		/* End of range already reached? */
		if (index > end || !index)
			break;
	}
}

/* The number is kept, and the loop has a condition of its own. */
static long avocet_sum(struct address_space *mapping, pgoff_t first, pgoff_t last, int scale)
{
	struct folio_batch fbatch;
	pgoff_t start, end;
	unsigned int nr, i;
	long sum = 0, weight;

	if (first > last)
		return -1;
	start = first;
	end = last - 1;
	folio_batch_init(&fbatch);

	while (start <= end) {
		nr = filemap_get_folios(mapping, &start, end, &fbatch);
		if (nr == 0)
			break;
		for (i = 0; i < nr; i++) {
			if (fbatch.folios[i]->index == end)
				continue;
			weight = visit(fbatch.folios[i], scale);
			sum += weight * scale;
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	return sum;
}

/* It does not sleep between batches: a person has to look. */
static void avocet_quick(struct address_space *mapping, int *seen)
{
	struct folio_batch fbatch;
	pgoff_t index = 0;

	folio_batch_init(&fbatch);
	for (;;) {
		unsigned int n = 0, i;

		n = filemap_get_folios(mapping, &index, ~0UL, &fbatch);
		if (!n)
			return;
		for (i = 0; i < folio_batch_count(&fbatch); ++i) {
			visit(fbatch.folios[i], 1);
			(*seen)++;
		}
		folio_batch_release(&fbatch);
	}
}
