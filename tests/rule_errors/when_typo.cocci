@r@
expression x;
@@
 f(x);
 ... wehn != g(x)
- h(x);
