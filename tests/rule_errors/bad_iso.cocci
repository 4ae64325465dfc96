using "bad.iso"
@@
expression E;
@@
- f(E)
+ g(E)
