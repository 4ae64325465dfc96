@r@
position p;
@@
- f(p);
+ g(1);
