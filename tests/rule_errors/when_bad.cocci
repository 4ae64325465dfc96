@r@
expression x;
@@
 f(x);
 ... when never g(x)
- h(x);
