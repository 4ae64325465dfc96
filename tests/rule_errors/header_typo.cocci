@r dependson x@
@@
- f(1);
+ g(1);
