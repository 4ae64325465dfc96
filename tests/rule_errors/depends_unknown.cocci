@r@
@@
- f(1);
+ baz(1);
@s depends on rr@
@@
- g(1);
+ h(1);
