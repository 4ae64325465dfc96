/// Turn loops over batches of pages of an iov_iter into calls of
/// iov_iter_for_each_page(): the inner loop's body becomes the callback.
///
//# The rule knows both generations of the API: iov_iter_get_pages(), after
//# which the caller advances the iterator, and iov_iter_get_pages2(), which
//# advances it itself. The tree's own header says which of them is there.
//
// Confidence: High
// URL: rules/iov_iter_for_each_page/README.md
// Options: --level safe
// Keywords: iov_iter_get_pages, iov_iter_get_pages2, iov_iter_for_each_page

// What C and the kernel's arithmetic mean, for every walk of this file.
@walk:arithmetic@
expression a, b, x;
type T;
@@

same: likely(x) => x
same: unlikely(x) => x
same: min(a, b) => a < b ? a : b
same: min_t(T, a, b) => a < b ? a : b
same: umin(a, b) => a < b ? a : b
same: max(a, b) => a > b ? a : b
same: max_t(T, a, b) => a > b ? a : b
same: DIV_ROUND_UP(a, b) => (a + b - 1) / b
same: round_up(a, b) => (a + b - 1) / b * b
same: PAGE_ALIGN(a) => (a + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE
same: PFN_UP(a) => (a + PAGE_SIZE - 1) / PAGE_SIZE
same: a >> PAGE_SHIFT => a / PAGE_SIZE
same: a & (PAGE_SIZE - 1) => a - a / PAGE_SIZE * PAGE_SIZE
same: a & ~PAGE_MASK => a - a / PAGE_SIZE * PAGE_SIZE
same: offset_in_page(a) => a - a / PAGE_SIZE * PAGE_SIZE
same: a << PAGE_SHIFT => a * PAGE_SIZE
same: 1UL << PAGE_SHIFT => PAGE_SIZE
same: array_size(a, b) => a * b
same: SZ_64K => 65536
same: SZ_128K => 131072
same: SZ_256K => 262144
same: SZ_512K => 524288
same: SZ_1M => 1048576
same: SZ_2M => 2097152
same: SZ_4M => 4194304
same: SZ_8M => 8388608
same: SZ_16M => 16777216

negative: PTR_ERR(x)
failed: IS_ERR(x)
failed: IS_ERR_OR_NULL(x)

pure: likely unlikely min min_t max max_t DIV_ROUND_UP round_up PAGE_ALIGN
pure: array_size ARRAY_SIZE IS_ERR IS_ERR_OR_NULL PTR_ERR ERR_PTR offset_in_page

// What both generations have in common.
@walk:pages extends arithmetic@
expression iter, x, size, f, data;
expression batch;
@@

unit: PAGE_SIZE
unit at most: 262144
unit mostly at most: 65536
element: struct page *page
position: iov_iter_count(iter)
rewind: iov_iter_revert(iter, x)
release: put_page(x)
release: page_cache_release(x)
release all: release_pages(batch, x)
allocate: \( kmalloc \| kzalloc \| kvmalloc \| kvzalloc \| vmalloc \| vzalloc \)(...)
allocate: \( kmalloc_array \| kcalloc \| kvmalloc_array \| kvcalloc \| vmalloc_array \)(...)
free: kvfree(batch)
free: kfree(batch)
free: vfree(batch)
other release: unpin_user_page(x)
other release: unpin_user_pages(batch, x)
lock: spin_lock spin_unlock spin_lock_irq spin_unlock_irq spin_lock_irqsave
lock: spin_unlock_irqrestore spin_lock_bh spin_unlock_bh mutex_lock
lock: mutex_unlock down_read up_read down_write up_write read_lock
lock: read_unlock write_lock write_unlock rcu_read_lock rcu_read_unlock
lock: preempt_disable preempt_enable local_irq_save local_irq_restore
lock: lock_sock release_sock lock_page unlock_page

other acquire: iov_iter_extract_pages
other acquire beside: pin_user_pages pin_user_pages_fast pin_user_pages_remote

errors: EFAULT ENOMEM EINTR EAGAIN EINVAL EOPNOTSUPP EREMOTEIO EHWPOISON

accounting: refcount_add atomic_add atomic_inc atomic_long_add
accounting: sk_mem_charge sk_wmem_queued_add percpu_counter_add
accounting: task_io_account_read task_io_account_write

batched: page_ref_sub

pure: iov_iter_count iov_iter_npages iov_iter_is_kvec iov_iter_is_bvec
pure: skb_zcopy_pure compound_head queue_dma_alignment

helper: iov_iter_for_each_page(iter, size, f, data)
callback: int f(struct page *page, size_t offset, size_t size, void *data)
halt: -ECANCELED
suffix: page
batch: 16

introduce: include/linux/uio.h after iov_iter_get_pages_alloc2, iov_iter_get_pages2, iov_iter_get_pages_alloc, iov_iter_get_pages : iov_iter_for_each_page.h

introduce message:
  Most users of iov_iter_get_pages2() and its relatives are two nested
  loops: the outer one grabs a batch of pages, the inner one walks the
  page subranges and does the same to each of them, and afterwards the
  references are dropped. The loops are much alike; the details (where a
  piece ends, which references are left when the body fails half-way,
  where the iterator stands then) are easy to get wrong.

  Add a helper that does the walking and calls a function for each
  subrange. The function is given a reference to the page and says
  whether it took it, and whether it wants more; the helper drops the
  references to pages that were grabbed in vain and leaves the iterator
  right past the last subrange that was taken.

  The first users follow.

message:
  Use iov_iter_for_each_page() instead of grabbing batches of pages and
  walking them by hand: the body of the loop becomes a callback, and the
  helper drops the references to the pages that were grabbed in vain.

note N5: The iterator is now left right after the last piece that was taken; it used to be left at the end of the batch.
note N25: The iterator is now left right after the last piece that was taken; it used to be left at the start of the batch.
note N4: Pieces are no longer cut in two at multiples of {limit}: a batch used to end in the middle of a page when the start was not aligned.
note N2: Up to {batch} pages may be grabbed in vain and dropped again when the callback refuses one.
note N3: The array of pages is no longer allocated; up to {batch} pages are grabbed at a time.
note N26: {limit} is taken to be above zero when the walk begins: with room for no page, grabbing pages used to fail there; the helper has room of its own.
note N6: This assumes that {value} is negative whenever the callback stops with it.
note N1: {test} is now checked after a page has been grabbed: if both fail, the error of grabbing the page is returned.
note N27: {test} is now checked after a page has been grabbed: if that fails, the walk ends with the error, where it used to end without one.
note N7: {statement} is now done for each page rather than for each batch.
note N8: As before, the reference to the page is dropped twice when it is refused and {condition} says so; whether that is right is for a patch of its own.
note N10: If no page can be grabbed although there is data left, the walk now ends with -EFAULT instead of trying again forever.
note N30: {test} dealt with grabbing no page although there is data left; that is a failure, -EFAULT, now.
note N11: The initialiser of {variable} goes with it; its calls are taken to have no effect: {calls}.
note N12: Where the body used to skip the rest of a batch, it now skips the rest of the page.
note N13: {test} cannot be true any more, with one piece at a time, and the test is gone.
note N14: Nothing uses the memory of {memory} any more; it can go in a later patch.
note N15: {function}() had no other caller and is a part of the callback now.
note N16: The field {field} is now written for every page; it used to be taken to be zero for all but the first.
note N17: One call now takes as much as it is asked for, up to {slots} pages into {memory}, from as many segments as it takes; it used to take one batch, from one segment.
note N18: {statement} is now done before the walk, for as many pages as there may be, and also when no page can be grabbed.
note N19: {test} is now checked behind the walk.
note N20: If no page can be grabbed although there is data left, that is -EFAULT now; it used to be as if there were no data.
note N21: {index} was taken for the last entry of a batch, which it is only if {sum} was zero before; the last piece has its own length in any case now.
note N22: Pages are no longer kept in a queue; it used to be refilled as long as {condition}, and the walk now also ends with the iterator, where the queue would have stayed empty. A page that cannot be grabbed although there is data left is -EFAULT.
note N24: Where no page can be grabbed and {condition} holds, the callback is handed {element} by the function itself, and the walk goes on from there, as before.
note N28: A copy of {iter} is walked, as the caller moves {iter} itself, by what it could use.
note N23: {test} is now tested for each page; it used to be tested once for a whole batch of them.
note N29: {use} looks behind the loop at where the iterator stands; after an early end that is where the walk stopped, and no longer the end of what had been grabbed.
note N9: Messages that print __func__ now name the callback.

// What `vedalia verify --exec` and the tests play it in.
model: model/model.h model/model.c model/runner.h model/runner.c
model errors: N6
model quiet: N11 N18
model unread: N14 N17
model differs N1: errno-order
model differs N4: cuts
model differs N5: position-on-error
model differs N25: position-after-error
model differs N12: rest-of-batch
model differs N29: result-by-position
model differs N17: more-per-call
model differs N23: less-per-batch
model differs N27: fault-for-stop

// Since 6.0: the function advances the iterator by what it got.
@walk:advancing extends pages@
expression iter, got, bytes, slots, first, n, x;
expression batch, offset;
@@

tree declares: iov_iter_get_pages2

acquire: got = iov_iter_get_pages2(iter, batch, bytes, slots, &offset)
acquire allocated: got = iov_iter_get_pages_alloc2(iter, &batch, bytes, &offset)
acquire one: got = iov_iter_get_pages2(iter, &batch, bytes, 1, &offset)

each: fuse_page_descs_length_init(batch, first, n) => batch[x].length = PAGE_SIZE - batch[x].offset

introduce: lib/iov_iter.c after iov_iter_get_pages_alloc2, iov_iter_get_pages2 : advancing.c

// Before 6.0: the caller advances it.
@walk:standing extends pages@
expression iter, got, bytes, slots, x;
expression batch, offset;
@@

tree declares: iov_iter_get_pages
tree lacks: iov_iter_get_pages2

acquire: got = iov_iter_get_pages(iter, batch, bytes, slots, &offset)
acquire allocated: got = iov_iter_get_pages_alloc(iter, &batch, bytes, &offset)
acquire one: got = iov_iter_get_pages(iter, &batch, bytes, 1, &offset)
advance: iov_iter_advance(iter, x)

introduce: lib/iov_iter.c after iov_iter_get_pages_alloc, iov_iter_get_pages : standing.c

model define: CLASSIC_GENERATION
