@r depend on x@
@@
- f(1);
+ g(1);
