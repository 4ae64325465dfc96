@r@
position p;
@@
f@p(1)
@script:python@
p << s.p;
@@
print(p)
