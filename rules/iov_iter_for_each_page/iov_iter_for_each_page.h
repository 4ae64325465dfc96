int iov_iter_for_each_page(struct iov_iter *i, size_t size,
			   int (*f)(struct page *page, size_t from,
				    size_t size, void *data),
			   void *data);
