got = take(it, batch, want, 16, &off);	/* one batch, and no loop around it */
if (got < 0)
	return got;
for (i = 0; got; i++)
	got -= use(batch[i], &off);
