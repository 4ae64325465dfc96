@r@
expression x, y;
identifier z;
@@
- f(x);
+ g(x);
