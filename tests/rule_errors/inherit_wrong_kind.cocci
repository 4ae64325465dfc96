@r@
expression x;
@@
f(x)
@s@
identifier r.x;
@@
- g(x);
+ h(x);
