@r@
expression x;
@@
- \(foo\|bar(x);
+ baz(x);
