int radix_tree_drain(const struct radix_tree_root *root, unsigned long first,
		     int (*f)(void *item, void *data), void *data);
