@r@
expresion x;
@@
- f(x);
+ g(x);

@s depends on@
identifier i
@@
- a(i);
+ b(i);

@t@
expression e;
@@
- if (e
+ c(e);

@u@
expression list;
@@
(
- d(list);
+ e(list);
