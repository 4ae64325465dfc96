@@
statement list SL;
outline step(SL, data) = static int step_one(void *data) with continue = 0
@@
- each(x) { SL }
+ run(step, data);
