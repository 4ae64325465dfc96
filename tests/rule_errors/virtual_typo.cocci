vitual patch
@r depends on patch@
@@
- f(1);
+ g(1);
