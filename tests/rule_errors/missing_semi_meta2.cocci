@r@
expression x
identifier y;
@@
- foo(x);
+ bar(x);
