@r extends q@
@@
- f(1);
+ g(1);
