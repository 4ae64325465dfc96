@r@
expression if;
@@
- foo(if);
+ bar();
