for (i = 0; got; i++) {
	use(batch[i], left(it));	/* where the object stands matters */
	got -= len;
}
