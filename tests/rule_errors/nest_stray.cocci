@r@
expression x;
@@
 f(x);
- h(x);
 ...>
 g(x);
