// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// A fault handler tests for errors that what it calls does not return:
/// vm_insert_page() does not wait, and has no -EAGAIN, -EINTR, -ERESTARTSYS
/// or -ENOSPC; shmem_read_mapping_page() no longer has an -EBUSY.
///
// Confidence: Moderate
// Options: --no-includes --include-headers
// Comments: Any function that returns a vm_fault_t is taken for a fault
//           handler. An error that another call may have put into the same
//           variable is not reported.

virtual report

@insert exists@
typedef vm_fault_t;
identifier fn, vmf;
expression ret, E;
position p;
@@

vm_fault_t fn(struct vm_fault *vmf, ...)
{
	... when any
	ret = vm_insert_page(...);
	... when != ret = E
\(ret == -EAGAIN@p\|ret == -EINTR@p\|ret == -ERESTARTSYS@p\|ret == -ENOSPC@p\)
	... when any
}

@shmem exists@
identifier fn, vmf;
expression page, E;
position p;
@@

vm_fault_t fn(struct vm_fault *vmf, ...)
{
	... when any
	page = \(shmem_read_mapping_page\|shmem_read_mapping_page_gfp\)(...);
	... when != page = E
	PTR_ERR(page) == -EBUSY@p
	... when any
}

@script:python depends on report@
p << insert.p;
@@

coccilib.report.print_report(p[0], "WARNING: vm_insert_page() does not return this error")

@script:python depends on report@
p << shmem.p;
@@

coccilib.report.print_report(p[0], "WARNING: shmem_read_mapping_page() does not return -EBUSY")
