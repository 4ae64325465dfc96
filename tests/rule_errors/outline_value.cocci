@@
statement list SL;
outline step(SL, data) = int step_one(void *data);
@@
- each(x) { SL }
+ run(step, data);
