@r@
position p;
@@
f@p(1)
@script:python@
q << r.q;
@@
print(q)
