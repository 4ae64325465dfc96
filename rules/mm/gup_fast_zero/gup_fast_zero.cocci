// SPDX-License-Identifier: MIT OR Apache-2.0
///
/// get_user_pages_fast() returns 0 only if it was asked for no page. Reported
/// are callers that take 0 for an error, and callers that would go wrong if it
/// came nevertheless: they go on without a page, or hand it on as success.
///
// Confidence: Moderate
// Options: --no-includes --include-headers

virtual report

// 0 is an error here.

@is_error exists@
expression r, E;
statement S1, S2;
position p;
@@

r = get_user_pages_fast(...)
... when != r = E
(
if (r@p <= 0) S1 else S2
|
if (r@p < 1) S1 else S2
|
if (r@p == 0) S1 else S2
|
if (r@p > 0) S1 else S2
)

@script:python depends on report@
p << is_error.p;
@@

coccilib.report.print_report(p[0], "NOTE: takes 0 from get_user_pages_fast() for an error")

// The result is compared with the number that was asked for, or with 0.

@counted exists@
expression r, E, E1;
expression C != 0;
position q;
@@

r = get_user_pages_fast@q(...)
... when != r = E
\(r != E1 \| r == C \| r < C \| r > E1 \| r <= E1 \| r >= C\)

// Nothing but errors is told apart.

@relies exists@
expression r, E;
statement S1, S2;
position q != counted.q;
@@

r = get_user_pages_fast@q(...)
... when != r = E
if (r < 0) S1 else S2

@script:python depends on report@
q << relies.q;
@@

coccilib.report.print_report(q[0], "WARNING: goes on without a page if get_user_pages_fast() returns 0")

// What is no success is handed on, and 0 with it.

@handed exists@
expression r, E, E1;
expression C != 0;
position q;
@@

r = get_user_pages_fast(...)
... when != r = E
(
if (\(r != E1 \| r <= 0 \| r < 1 \| r < C\)) {
	... when != r = E
	    when != r < 0
	return r@q;
}
|
if (r > 0) {
	...
}
return r@q;
)

@script:python depends on report@
q << handed.q;
@@

coccilib.report.print_report(q[0], "WARNING: hands a 0 from get_user_pages_fast() on as success")
