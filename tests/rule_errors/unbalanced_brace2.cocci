@r@
expression x;
@@
 if (x)
- foo(x);
+ baz(x);
 }
