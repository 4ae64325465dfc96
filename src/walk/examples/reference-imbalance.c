for (i = 0; i < count; i++) {
	if (use(batch[i]))
		return -EIO;	/* nobody drops this one and the rest */
	drop(batch[i]);
}
