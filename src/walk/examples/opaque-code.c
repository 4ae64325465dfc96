for (i = 0; i < count; i++) {
	use(batch[i]) UNLESS_OFF
	finish(batch[i]);
}
