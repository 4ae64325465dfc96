@@
statement list SL;
outline step(SL) = step_one;
@@
- each(x) { SL }
+ run(step);
