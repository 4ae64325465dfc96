got = take(it, batch, want, 16, &off);
count = (got + off + UNIT - 1) / UNIT;
while (count--)
	use(batch[count]);	/* from the last to the first */
