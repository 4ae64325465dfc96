/**
 *	radix_tree_drain - take all items out of a radix tree
 *	@root:		radix tree root
 *	@first:		items before this index stay
 *	@f:		takes an item out of the tree
 *	@data:		what @f gets as its second argument
 *
 *	Call @f for the items from @first on until none is left, or until @f
 *	returns something else than 0. An item that @f leaves in the tree is
 *	seen again.
 *
 *	Return: 0, or what @f returned to stop.
 */
int radix_tree_drain(const struct radix_tree_root *root, unsigned long first,
		     int (*f)(void *item, void *data), void *data)
{
	void *items[16];
	unsigned int i, n;
	int ret = 0;

	while (!ret && (n = radix_tree_gang_lookup(root, items, first,
						   ARRAY_SIZE(items)))) {
		for (i = 0; !ret && i < n; i++)
			ret = f(items[i], data);
	}

	return ret;
}
EXPORT_SYMBOL(radix_tree_drain);
