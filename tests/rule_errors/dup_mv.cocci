@r@
expression x;
identifier x;
@@
- f(x);
+ g(x);
