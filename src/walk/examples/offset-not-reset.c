for (i = 0; got; i++) {
	len = min(got, UNIT - off);	/* off stays what it was for the first */
	use(batch[i], off, len);
	got -= len;
}
