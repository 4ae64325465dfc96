for (i = 0; i < count; i++) {
	use(batch[i]);
#ifdef FAST
	if (fast)
#endif
		continue;
}
