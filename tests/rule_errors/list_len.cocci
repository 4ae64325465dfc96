@r@
expression list[ es;
@@
- f(es);
+ h(es);
