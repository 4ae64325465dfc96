for (i = 0; got; i++) {
	if (odd(batch[i]))
		off++;		/* moves where the next piece starts */
	got -= len;
}
