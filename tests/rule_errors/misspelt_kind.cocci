@r@
identifer x;
expresion y;
statment S;
@@
- foo(x);
+ baz(x);
