/**
 * filemap_for_each_folio - Call a function for each folio of a range.
 * @mapping: The address space to search.
 * @index: The starting page index; left where filemap_get_folios() leaves it.
 * @end: The final page index (inclusive).
 * @f: The function. It returns 0 to go on and anything else to stop.
 * @data: What @f gets as its second argument.
 *
 * The folios are looked up in batches, in ascending order. @f does not own a
 * reference: the folio is held until the whole batch was seen.
 *
 * Context: May sleep between batches.
 * Return: 0, or what @f returned to stop.
 */
int filemap_for_each_folio(struct address_space *mapping, pgoff_t *index,
			   pgoff_t end,
			   int (*f)(struct folio *folio, void *data),
			   void *data)
{
	struct folio_batch fbatch;
	unsigned int i;
	int ret = 0;

	folio_batch_init(&fbatch);
	while (!ret && filemap_get_folios(mapping, index, end, &fbatch)) {
		for (i = 0; !ret && i < folio_batch_count(&fbatch); i++)
			ret = f(fbatch.folios[i], data);
		folio_batch_release(&fbatch);
		cond_resched();
		/* The end of the range, also of the whole index space. */
		if (*index > end || !*index)
			break;
	}

	return ret;
}
EXPORT_SYMBOL(filemap_for_each_folio);
