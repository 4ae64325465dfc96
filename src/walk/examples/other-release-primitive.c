got = pin(it, batch, want, 16, &off);
for (i = 0; i < count; i++)
	unpin(batch[i]);	/* the helper would drop a reference instead */
