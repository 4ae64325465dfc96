@r@
expression x;
@@
- foo(x);
)
+ baz(x);
