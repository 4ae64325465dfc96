/* This ends the batch, and goes on with the next one. */
void godwit_skip(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			if (visit(fbatch.folios[i], 0))
				break;
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* The neighbour is looked at. */
void godwit_pairs(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++)
			merge(fbatch.folios[i], fbatch.folios[i + 1]);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* The place in the batch matters. */
void godwit_places(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++)
			visit(fbatch.folios[i], i);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* Work per batch. */
void godwit_flush(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++)
			visit(fbatch.folios[i], 0);
		flush(mapping);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* The references stay. */
void godwit_hold(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++)
			keep(fbatch.folios[i]);
		cond_resched();
	}
}

/* The first of them is not seen. */
void godwit_rest(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 1; i < folio_batch_count(&fbatch); i++)
			visit(fbatch.folios[i], 0);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* The batch is given away as a whole. */
void godwit_whole(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		check_all(&fbatch);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* One batch. */
int godwit_once(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i, n;

	folio_batch_init(&fbatch);
	n = filemap_get_folios(mapping, &index, end, &fbatch);
	for (i = 0; i < n; i++)
		visit(fbatch.folios[i], 0);
	folio_batch_release(&fbatch);
	return n;
}

/* How many were in the last batch is asked behind. */
int godwit_last(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i, n;

	folio_batch_init(&fbatch);
	while (index <= end) {
		n = filemap_get_folios(mapping, &index, end, &fbatch);
		if (!n)
			break;
		for (i = 0; i < n; i++)
			visit(fbatch.folios[i], 0);
		folio_batch_release(&fbatch);
		cond_resched();
	}
	return n;
}

/* The end of the range moves while it is walked. */
void godwit_shrink(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			if (visit(fbatch.folios[i], 0))
				end--;
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* Left in the middle, with the batch let go elsewhere. */
int godwit_out(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	struct folio_batch fbatch;
	int i, err;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &index, end, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			err = visit(fbatch.folios[i], 0);
			if (err)
				goto out;
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	return 0;
out:
	folio_batch_release(&fbatch);
	return err;
}
