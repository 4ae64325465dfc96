@r@
expression x;
@@
- f(x);
+ g(x);
