@s@
expression q.x;
@@
- g(x);
+ h(x);
