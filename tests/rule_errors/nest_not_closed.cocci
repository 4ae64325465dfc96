@r@
expression x;
@@
 f(x);
 <...
- h(x);
+ i(x);
 g(x);
