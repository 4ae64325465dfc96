@r@
identifier x;
fresh identifier y = "a" ## z;
@@
- f(x);
+ g(y);
