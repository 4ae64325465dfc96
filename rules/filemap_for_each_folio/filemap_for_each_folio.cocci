// Loops over the folios of a range become calls of filemap_for_each_folio(), which the rule introduces.

@walk:folios@
expression mapping, index, end;
identifier batch, i;
@@

tree declares: filemap_get_folios

begin: folio_batch_init(&batch)
fill: filemap_get_folios(mapping, &index, end, &batch)
count: folio_batch_count(&batch)
element: batch.folios[i]
release all: folio_batch_release(&batch)
per batch: cond_resched()
go on: index <= end
stop: index > end
stop: !index

helper: filemap_for_each_folio(mapping, &index, end, f, data)
callback: int f(struct folio *folio, void *data)
suffix: folio

introduce: include/linux/pagemap.h after filemap_get_folios : filemap_for_each_folio.h
introduce: mm/filemap.c after filemap_get_folios : filemap_for_each_folio.c

introduce message:
 mm: add filemap_for_each_folio()

 Many loops look the folios of a range up in batches, do something for each folio, and drop the batch. Only the
 something differs.

 Add filemap_for_each_folio(), which has the loop once and calls a function for each folio. It reschedules between
 batches, as most of these loops do.

message:
 The loop looks the folios of a range up in batches, and drops each batch when its folios were seen.

 filemap_for_each_folio() has that loop. What was done for a folio is a callback now; it is called in the same order,
 with the reference held that the batch holds.
