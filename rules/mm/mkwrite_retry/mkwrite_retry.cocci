// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// The caller of a ->page_mkwrite() method does not know VM_FAULT_RETRY: it
/// looks for errors and VM_FAULT_NOPAGE only, and takes anything else for the
/// permission to make the page writable.
///
// Confidence: High
// Options: --no-includes --include-headers
// Comments: A function whose name ends in page_mkwrite is taken for a method
//           even if its operations are in another file.

virtual report

@method@
identifier ops, fn;
@@

struct vm_operations_struct ops = {
	.page_mkwrite = fn,
};

@named@
typedef vm_fault_t;
identifier fn =~ "page_mkwrite$";
identifier vmf;
@@

vm_fault_t fn(struct vm_fault *vmf) { ... }

@bad exists@
identifier method.fn, vmf, ret;
expression E, E1;
position p;
@@

fn(struct vm_fault *vmf)
{
	...
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
|
	vm_fault_t ret = VM_FAULT_RETRY@p;
)
	... when any
}

@bad_named exists@
identifier named.fn, vmf, ret;
expression E, E1;
position p != bad.p;
@@

fn(struct vm_fault *vmf)
{
	...
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
|
	vm_fault_t ret = VM_FAULT_RETRY@p;
)
	... when any
}

@script:python depends on report@
p << bad.p;
fn << method.fn;
@@

msg = "WARNING: ->page_mkwrite() method %s: VM_FAULT_RETRY lets the write go ahead" % (fn)
coccilib.report.print_report(p[0], msg)

@script:python depends on report@
p << bad_named.p;
fn << named.fn;
@@

msg = "WARNING: ->page_mkwrite() method %s: VM_FAULT_RETRY lets the write go ahead" % (fn)
coccilib.report.print_report(p[0], msg)
