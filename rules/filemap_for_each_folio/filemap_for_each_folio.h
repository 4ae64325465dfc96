int filemap_for_each_folio(struct address_space *mapping, pgoff_t *index,
			   pgoff_t end,
			   int (*f)(struct folio *folio, void *data),
			   void *data);
