@r@
expression x;
@@
- f("abc);
+ g(x);
