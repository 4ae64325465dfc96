for (i = 0; i < count; i++)
	if (i + 1 < count && adjacent(batch[i], batch[i + 1]))	/* not its own turn */
		merge();
