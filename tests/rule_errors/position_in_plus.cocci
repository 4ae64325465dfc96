@r@
position p;
@@
- f(1);
+ g@p(1);
