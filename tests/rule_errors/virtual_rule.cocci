virtual patch
@depends on patch && context@
@@
- f();
