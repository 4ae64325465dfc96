@r@
expression x, y;
@@
- f(x);
+ g(x, y);
