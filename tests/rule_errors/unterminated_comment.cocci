@r@
expression x;
@@
- f(x); /* abc
+ g(x);
