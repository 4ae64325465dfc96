@r@
position p;
@@
f@p(1)
@script:perl@
p << r.p;
@@
print 1
