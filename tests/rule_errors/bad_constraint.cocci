@r@
expression x == 3;
@@
- foo(x);
+ baz(x);
