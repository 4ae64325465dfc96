using "nofile.iso"
@r@
@@
- f(1);
+ g(1);
