while (left(it)) {
	got = take(it, batch, want, 16, &off);
	/* the loop over the batch */
}
return got;	/* the size of the last batch */
