for (i = 0; got; i++) {
	len = got < UNIT ? got : UNIT;	/* the offset is not taken off */
	use(batch[i], off, len);
	got -= len;
	off = 0;
}
