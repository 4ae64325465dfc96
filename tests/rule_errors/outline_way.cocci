@@
statement list SL;
outline step(SL, data) = int step_one(void *data) with leave = 1;
@@
- each(x) { SL }
+ run(step, data);
