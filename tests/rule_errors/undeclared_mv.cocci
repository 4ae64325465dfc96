@r@
expression x;
@@
- foo(x, y);
+ bar(x, y);
