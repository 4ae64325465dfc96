@r@
expression x;
@@
- f(x);
+ if x { g(x); }
