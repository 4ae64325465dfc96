@r@
expression x;
@@
 f(x);
 when != g(x)
- h(x);
