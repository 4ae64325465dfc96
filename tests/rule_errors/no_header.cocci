- f(x);
+ g(x);
