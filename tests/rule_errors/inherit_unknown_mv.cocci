@r@
expression x;
@@
f(x)
@s@
expression r.y;
@@
- g(y);
+ h(y);
