struct { int hits; } seen;	/* a context would need the type's name */

for (i = 0; i < count; i++)
	look(batch[i], &seen.hits);
