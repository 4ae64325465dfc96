@r@
expression x;
@@
- foo(x \| 0);
+ baz(x);
