@r@
expression x;
@@
- if (x)
- foo(;
+ bar();
