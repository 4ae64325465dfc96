#include "nofile.cocci"
@r@
@@
- f(1);
+ g(1);
