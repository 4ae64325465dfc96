while (left(it)) {
	got = take(it, batch, want, 16, &off);
	for (i = 0; got > 0; i++)	/* and if it is below zero, for ever */
		got -= use(batch[i], &off);
}
