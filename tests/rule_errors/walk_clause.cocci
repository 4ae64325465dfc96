@walk:pages@
expression n;
@@
acquire: n = fill();
this is no clause
