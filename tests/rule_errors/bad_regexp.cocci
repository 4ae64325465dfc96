@r@
identifier f =~ "^(a";
@@
- f(1);
+ baz(1);
