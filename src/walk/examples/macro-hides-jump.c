#define CHECK(x)	do { if (!(x)) goto failed; } while (0)

for (i = 0; i < count; i++)
	CHECK(use(batch[i]));
