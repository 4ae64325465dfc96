for (i = 0; i < count; i++)
	use(batch[i], i == count - 1);	/* the last of its batch */
