// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// A ->fault() method may return VM_FAULT_RETRY only where it was passed
/// FAULT_FLAG_ALLOW_RETRY: others take the mmap_lock for held and the page
/// for mapped, and do not try again.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Comments: Only the method itself is looked at, and only if the file that
//           has it also has its operations. What it calls is not looked
//           through, but for the functions that are named here.

virtual report

@method@
identifier ops, fn;
@@

struct vm_operations_struct ops = {
	.fault = fn,
};

@bad exists@
identifier method.fn, vmf;
expression E, E1;
position p;
@@

fn(struct vm_fault *vmf)
{
	... when != vmf->flags & FAULT_FLAG_ALLOW_RETRY
	    when != vmf->flags & FAULT_FLAG_RETRY_NOWAIT
	    when != fault_flag_allow_retry_first(...)
	    when != maybe_unlock_mmap_for_io(...)
	    when != lock_folio_maybe_drop_mmap(...)
	    when != do_sync_mmap_readahead(...)
	    when != do_async_mmap_readahead(...)
(
	return VM_FAULT_RETRY@p;
|
	return E | VM_FAULT_RETRY@p;
|
	E = VM_FAULT_RETRY@p;
|
	E = E1 | VM_FAULT_RETRY@p;
|
	E |= VM_FAULT_RETRY@p;
)
	... when any
}

@script:python depends on report@
p << bad.p;
fn << method.fn;
@@

msg = "WARNING: ->fault() method %s: VM_FAULT_RETRY without a look at FAULT_FLAG_ALLOW_RETRY" % (fn)
coccilib.report.print_report(p[0], msg)
