got = take(it, batch, want, 16, &off);
if (got < want) {	/* a short batch is given back */
	drop_all(batch, got);
	return -EFAULT;
}
