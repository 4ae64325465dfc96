while ((item = next(q))) {
	if (bad(item))
		goto out;	/* the new function cannot jump there */
}
