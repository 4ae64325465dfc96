// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// get_user_pages_fast() counts whole pages from the page that the start lies
/// in. A caller that passes a start in the middle of a page is right only if
/// its number of pages allows for the part in front of the start.
///
// Confidence: Low
// Options: --no-includes --include-headers
// Comments: A start that is aligned elsewhere, by a caller or where it was
//           stored, is reported too.

virtual report

// Written as aligned right there.

@here@
expression E;
position p;
@@

get_user_pages_fast@p(\(E & PAGE_MASK \| E & ~(PAGE_SIZE - 1) \| PAGE_ALIGN(E) \| PAGE_ALIGN_DOWN(E) \|
	ALIGN_DOWN(E, PAGE_SIZE) \| round_down(E, PAGE_SIZE) \| E << PAGE_SHIFT\), ...)

// Aligned before, or refused if it is not.

@before exists@
expression start, E, E1;
position p;
@@

(
start = E & PAGE_MASK
|
start = E & ~(PAGE_SIZE - 1)
|
start &= PAGE_MASK
|
start &= ~(PAGE_SIZE - 1)
|
start = PAGE_ALIGN(E)
|
start = E << PAGE_SHIFT
|
start = ALIGN_DOWN(E, PAGE_SIZE)
|
start = round_down(E, PAGE_SIZE)
|
PAGE_ALIGNED(start)
|
offset_in_page(start)
|
start & ~PAGE_MASK
|
start -= E1
)
... when any
    when != start = E
get_user_pages_fast@p(start, ...)

// The part in front of it taken off.

@less exists@
expression start, off, E;
position p;
@@

(
off = start & (PAGE_SIZE - 1)
|
off = start & ~PAGE_MASK
|
off = start % PAGE_SIZE
|
off = offset_in_page(start)
)
... when any
    when != off = E
get_user_pages_fast@p(start - off, ...)

@bad@
expression start;
position p != {here.p, before.p, less.p};
@@

get_user_pages_fast@p(start, ...)

@script:python depends on report@
p << bad.p;
start << bad.start;
@@

msg = "NOTE: nothing here shows that %s is the start of a page" % (start)
coccilib.report.print_report(p[0], msg)
