// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// A ->fault() method may return VM_FAULT_RETRY only where it was passed
/// FAULT_FLAG_ALLOW_RETRY: others take the mmap_lock for held and the page
/// for mapped, and do not try again.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Comments: Only the method itself is looked at, and only if the file that
//           has it also has its operations. A function that is handed the
//           vmf or its flags is trusted to look at them.

virtual report

@method@
identifier ops, fn;
@@

struct vm_operations_struct ops = {
	.fault = fn,
};

@bad exists@
identifier method.fn, vmf;
expression E, E1, f;
position p;
@@

fn(struct vm_fault *vmf)
{
	... when != vmf->flags & FAULT_FLAG_ALLOW_RETRY
	    when != vmf->flags & FAULT_FLAG_RETRY_NOWAIT
	    when != f(..., vmf, ...)
	    when != f(..., vmf->flags, ...)
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
