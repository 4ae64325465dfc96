@r@
expression x;
@@
 f(x);
 ...
 ...
- h(x);
