virtual patch, report,

@r depends on patch@
@@
- f(1);
+ g(1);
