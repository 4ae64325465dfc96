while (iov_iter_count(iter)) {
	got = iov_iter_get_pages2(iter, pages, SIZE_MAX, MOST - used, &off);
	if (got <= 0)		/* and so when MOST are used */
		return got ? got : -EFAULT;
	for (i = 0; got > 0; i++) {
		size_t len = min_t(size_t, got, PAGE_SIZE - off);

		sg_set_page(&sg[used++], pages[i], len, off);
		got -= len;
		off = 0;
	}
}
