@r@
position p;
@@
f@p(1)
@script:python@
p = r.p;
@@
print(p)
