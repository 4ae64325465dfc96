@r@
statement S;
@@
- f(S);
+ g(1);
