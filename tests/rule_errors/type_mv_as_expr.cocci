@r@
type T;
@@
- f(T + 1);
+ g(1);
